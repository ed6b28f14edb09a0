import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelRecord, type ModelEntry } from '@nanite/contracts';

/** What a model says of itself before any conversation: SYSTEM and MESSAGE of its Modelfile. */
export interface Persona {
  system: string | null;
  messages: Array<{ role: string; content: string }>;
}

/** What the store has written down of a model besides its manifest; that of a Debian package has nothing. */
export async function recordOf({ path }: ModelEntry): Promise<ModelRecord> {
  const text = await readFile(join(path, 'record.json'), 'utf8').catch(() => '{"schema":1}');
  const record = ModelRecord.safeParse(JSON.parse(text));
  return record.success ? record.data : ModelRecord.parse({ schema: 1 });
}

/** Read once: a model that changes is listed as another entry. */
const known = new WeakMap<ModelEntry, Promise<Persona>>();

export function personaOf(entry: ModelEntry): Promise<Persona> {
  let persona = known.get(entry);
  if (persona === undefined) {
    persona = recordOf(entry).then(({ messages }) => ({ system: entry.manifest.system, messages }));
    known.set(entry, persona);
  }
  return persona;
}

/**
 * The persona's messages to put before those of a request, as Ollama does: its system prompt unless the conversation
 * begins with one, then its messages.
 */
export function personaBefore(
  persona: Persona | null,
  first: { role: string } | undefined,
): Array<{ role: string; content: string }> {
  if (persona === null) return [];
  const { system, messages } = persona;
  const own = first?.role === 'system' || first?.role === 'developer' || system === null || system === '';
  return own ? messages : [{ role: 'system', content: system }, ...messages];
}
