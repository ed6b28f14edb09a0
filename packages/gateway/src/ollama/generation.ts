import type { CallGuard } from '../chat/answer-or-call';
import type { Exchange } from '../http/exchange';
import { fetchWhole, type UpstreamRequest } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import { incomplete, readEvents, type EventSink } from '../upstream/read-events';
import type { Session } from '../upstream/session';
import type { TextRequest } from './text-request';
import { LineWriter, closing } from './writer';

/** How to answer: part of TextRequest. */
export type Answering = Pick<TextRequest, 'protocol' | 'form' | 'model' | 'tokens'>;

/** Ask and answer in one JSON object. */
export async function answerWhole(
  exchange: Exchange,
  session: Session,
  request: UpstreamRequest,
  { form, model, tokens, ...asked }: Answering,
  guard: CallGuard | null,
): Promise<void> {
  const protocol = asked.protocol();
  const answer = await fetchWhole(session.upstream, request, exchange.signal);
  const body = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, body);
  guard?.whole(body);
  const piece = protocol.whole(body);
  const end = protocol.end();
  if (end === null) throw incomplete(session.upstream);
  session.answered(end);
  const text = form.piece(piece);
  const message = text['message'];
  exchange.json({
    model,
    created_at: new Date().toISOString(),
    ...text,
    ...(end.toolCalls.length > 0 &&
      typeof message === 'object' && { message: { ...message, tool_calls: end.toolCalls } }),
    ...(piece.logprobs !== null && { logprobs: piece.logprobs }),
    ...closing(exchange, session.loadNs, end),
    ...(tokens && { context: await tokens(session, piece.content, exchange.signal) }),
  });
}

/**
 * Ask and pass the answer on as Ollama's lines, as it comes.
 *
 * @throws UpstreamFailure, NaniteError where the answer had not begun
 */
export function answerLines(
  exchange: Exchange,
  session: Session,
  request: UpstreamRequest,
  { form, model, tokens, ...asked }: Answering,
  guard: CallGuard | null,
): Promise<void> {
  const protocol = asked.protocol();
  const lines = new LineWriter(exchange, model, form);
  let answer = '';
  const sink: EventSink = {
    begin: () => lines.begin(),
    event(data) {
      const piece = protocol.event(data);
      if (piece === null) return;
      if (tokens) answer += piece.content;
      lines.piece(piece);
    },
    end() {
      const end = protocol.end();
      if (end === null) return false;
      session.answered(end);
      if (!tokens) {
        lines.end(session.loadNs, end);
        return true;
      }
      return tokens(session, answer, exchange.signal).then((context) => {
        lines.end(session.loadNs, end, { context });
        return true;
      });
    },
    flush: () => lines.flush(),
  };
  return readEvents(exchange, session, request, guard?.sink(sink) ?? sink);
}
