import { createHash } from 'node:crypto';

/** A name with its tag: without one is `:latest`, as for Ollama. */
export function fullName(name: string): string {
  return /:[^/]*$/.test(name) ? name : `${name}:latest`;
}

/**
 * The folder of a model: its name in a-z, 0-9, dot and hyphen.
 *
 * @param isTaken whether a folder belongs to a model of another name (`a/b` and `a-b` would share one): then the id ends
 *   with a part of the name's hash
 */
export function idOf(name: string, isTaken: (id: string) => boolean): string {
  const plain = fullName(name)
    .toLowerCase()
    .replace(/:latest$/, '')
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, 90);
  const id = plain === '' ? 'model' : plain;
  if (!isTaken(id)) return id;
  const hash = createHash('sha256').update(fullName(name).toLowerCase()).digest('hex');
  return `${id.slice(0, 88)}-${hash.slice(0, 8)}`;
}

/** How a file is called in a model's folder: its last part, harmless, and not one of our own two files. */
export function safeFileName(name: string, taken: ReadonlySet<string>): string {
  const last = name.split('/').at(-1) ?? '';
  const plain =
    last
      .replaceAll(/[^\w.-]+/g, '_')
      .replace(/^\.+/, '')
      .slice(0, 180) || 'file';
  const mine = ['manifest.json', 'record.json'];
  for (let n = 0; ; n++) {
    const candidate = n === 0 ? plain : `${n}-${plain}`;
    if (!taken.has(candidate) && !mine.includes(candidate)) return candidate;
  }
}
