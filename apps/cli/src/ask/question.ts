import type { OllamaMessage } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Attachment } from './read-input';

export interface Question {
  /** Words of the command line, joined. */
  words: string;
  /** Standard input; null where nothing is piped in. */
  piped: string | null;
  files: readonly Attachment[];
  system: string | null;
}

/** A line of backquotes longer than any inside: the text cannot end its own fence. */
function fenced(name: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${name}:\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`;
}

/**
 * The conversation that a question stands for. Files, and standard input beside a question, come first as context; the
 * question comes last, where small models heed it best. Standard input alone is the question itself.
 *
 * @throws NaniteError `usage` where there is no question
 */
export function messagesOf({ words, piped, files, system }: Question): OllamaMessage[] {
  const spoken = words.trim() === '' ? null : words;
  const input = piped === null || piped.trim() === '' ? null : piped;
  const question = spoken ?? input;
  if (question === null) {
    throw new NaniteError('usage', piped === null ? 'no question was given' : 'standard input is empty', {
      hint: 'nanite ask "Why is the sky blue?"   or   git diff | nanite ask "What changed?"',
    });
  }
  const context = files.flatMap((file) => (file.kind === 'text' ? [fenced(file.name, file.text)] : []));
  if (spoken !== null && input !== null) context.push(fenced('standard input', input));
  const images = files.flatMap((file) => (file.kind === 'image' ? [file.base64] : []));
  return [
    ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
    {
      role: 'user',
      content: [...context, question.trim()].join('\n\n'),
      ...(images.length > 0 && { images }),
    },
  ];
}
