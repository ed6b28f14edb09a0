import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Program that the desktop opens a file with, by xdg-mime(1) and the desktop entry that it names.
 *
 * @param like type whose program is taken where that of the file is not known (outside GNOME, KDE and XFCE xdg-mime needs
 * `file`, which may be missing) or has no program
 * @returns null where there is no desktop, or none is set
 */
export function defaultProgram(file: string, like: string | null, env: NodeJS.ProcessEnv): string | null {
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return null;
  for (const type of [ask(['query', 'filetype', file]), like]) {
    const entry = type ? ask(['query', 'default', type]) : null;
    if (entry) return programOf(entry, env);
  }
  return null;
}

/** First answer of xdg-mime; null where it has none or is not installed. */
function ask(words: string[]): string | null {
  try {
    const text = execFileSync('xdg-mime', words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    });
    return text.trim().split(';')[0] || null;
  } catch {
    return null;
  }
}

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
