import { NaniteError } from './errors';

/** A setting's place: the keys from the top, such as `['cli', 'ask', 'model']`. */
export type SettingPath = readonly string[];

/** Write a place as people do: `cli.ask.model`; keys that are not plain words in quotes: `models."phi3.5".slots`. */
export function formatKey(path: SettingPath): string {
  return path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))).join('.');
}

/**
 * Read what {@link formatKey} writes.
 *
 * @throws NaniteError `bad-setting-key`
 */
export function parseKey(text: string): string[] {
  const keys: string[] = [];
  const part = /("(?:[^"\\]|\\.)*"|[^."\s]+)(\.|$)/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    const ends = match?.[2] === '.' && part.lastIndex === text.length;
    if (match?.[1] === undefined || ends) break;
    keys.push(match[1].startsWith('"') ? (JSON.parse(match[1]) as string) : match[1]);
    if (part.lastIndex === text.length) return keys;
  }
  throw new NaniteError('bad-setting-key', `${JSON.stringify(text)} is not the name of a setting`, {
    hint: 'names look like cli.model; see `nanite config list`',
    status: 400,
  });
}
