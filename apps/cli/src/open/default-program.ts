import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Program that the desktop opens a file with, by xdg-mime(1) and the desktop entry that it names.
 *
 * @returns null where there is no desktop, or none is set
 */
export function defaultProgram(file: string, env: NodeJS.ProcessEnv): string | null {
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return null;
  try {
    const type = ask(['query', 'filetype', file]);
    const entry = ask(['query', 'default', type]);
    return entry === '' ? null : programOf(entry, env);
  } catch {
    // xdg-utils is not installed, or knows nothing of this file: then nothing is set.
    return null;
  }
}

const ask = (words: string[]): string =>
  execFileSync('xdg-mime', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 })
    .trim()
    .split(';')[0]!;

function programOf(entry: string, env: NodeJS.ProcessEnv): string | null {
  const home = env['XDG_DATA_HOME'] ?? `${env['HOME'] ?? ''}/.local/share`;
  const folders = [home, ...(env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share').split(':')];
  for (const folder of folders) {
    try {
      const text = readFileSync(`${folder}/applications/${entry}`, 'utf8');
      const line = /^Exec=(?:env\s+(?:\w+=\S+\s+)*)?"?([^\s"]+)/m.exec(text);
      if (line?.[1]) return line[1];
    } catch {
      continue;
    }
  }
  return null;
}
