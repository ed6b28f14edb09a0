import type { OllamaOptions } from '@nanite/contracts';
import type { AskedTools } from '../chat/answer-or-call';
import type { Session } from '../upstream/session';
import type { Protocol } from './chat-protocol';
import type { Form } from './writer';

/** What /api/chat and /api/generate come down to. */
export interface TextRequest {
  /** Path on the server, and its body without sampling options. */
  path: '/v1/chat/completions' | '/completion' | '/infill';
  body: Record<string, unknown>;
  protocol: () => Protocol;
  form: Form;
  /** How to ask a model that has to be asked which tool it needs; null: it is given its tools. */
  asked?: AskedTools | null;
  options: OllamaOptions;
  stream: boolean;
  /** Leave out the oldest messages of a conversation that is too long for the context, or the oldest half of a prompt. */
  truncate: boolean;
  /** Where the answer fills the context, forget the oldest half of it and go on. */
  shift: boolean;
  /** The name that the client used: answers carry it. */
  model: string;
  /** Bytes of the request, an upper bound of the prompt's tokens. */
  bytes: number;
  /** Fields of the body that only the worker can make. */
  rendered?: (session: Session, signal: AbortSignal) => Promise<Record<string, unknown>>;
  /** Tokens of prompt and answer, for the last line of /api/generate. */
  tokens?: (session: Session, answer: string, signal: AbortSignal) => Promise<number[]>;
}
