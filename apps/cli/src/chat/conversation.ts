import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OllamaMessage } from '@nanite/contracts';
import { NaniteError, userStateDir, writeAtomically } from '@nanite/kit';
import { z } from 'zod';

/** A saved conversation: the file that /save writes. */
export const Conversation = z.object({
  schema: z.literal(1),
  model: z.string(),
  system: z.string().nullable(),
  messages: z.array(OllamaMessage),
});
export type Conversation = z.infer<typeof Conversation>;

/**
 * Where a conversation of that name lies: a plain name in ~/.local/state/nanite/chats, anything with a slash or `.json`
 * is a path.
 */
export function conversationPath(name: string): string {
  if (name.includes('/') || name.endsWith('.json'))
    return name.replace(/^~(?=\/)/, process.env['HOME'] ?? '~');
  return `${userStateDir()}/chats/${name}.json`;
}

/** @throws NaniteError `not-saved` */
export function saveConversation(name: string, conversation: Conversation): string {
  const path = conversationPath(name);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // What was said is nobody else's business.
    writeAtomically(path, `${JSON.stringify(conversation, null, 2)}\n`, 0o600);
  } catch (cause) {
    throw new NaniteError('not-saved', `cannot write ${path}`, { cause });
  }
  return path;
}

/** @throws NaniteError `bad-file` */
export function loadConversation(name: string): Conversation {
  const path = conversationPath(name);
  if (!existsSync(path)) {
    throw new NaniteError('bad-file', `there is no conversation ${path}`, {
      hint: 'save one with /save NAME',
    });
  }
  try {
    return Conversation.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? undefined : cause;
    throw new NaniteError('bad-file', `${path} is not a saved conversation`, { cause: why });
  }
}
