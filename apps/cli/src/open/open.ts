import { spawn } from 'node:child_process';
import { accessSync, constants, createReadStream, existsSync, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describePlace, formatCitation, parseCitation, type Citation, type Place } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { runProgram } from '../external/run-program';
import { rememberedCitation } from '../knowledge/remembered';
import { report } from '../report';
import { paint } from '../terminal/paint';
import { sanitise } from '../terminal/sanitise';
import { defaultProgram } from './default-program';
import { editorWords, isEditor, needsTerminal, pageWords, type Where } from './viewers';

export interface OpenOptions {
  /** Say which program would be started, and do not. */
  print?: boolean;
  /** Program to open it with. */
  with?: string;
}

/** Program and its words; `waits`: it takes over the terminal. */
export interface Opening {
  program: string;
  words: string[];
  waits: boolean;
  /** What the program cannot be told: the place, in words. */
  tell: string | null;
}

/** `nanite open`: a citation in the program that shows it, at its place. */
export async function open(what: string, options: OpenOptions): Promise<number> {
  try {
    const citation = citationOf(what);
    const opening = openingOf(citation, options.with, process.env, process.stdout.isTTY === true);
    if (opening === null) return await shown(citation);
    if (options.print) {
      process.stdout.write(`${[opening.program, ...opening.words].map(quoted).join(' ')}\n`);
      return 0;
    }
    if (opening.tell !== null) process.stderr.write(`${opening.tell}\n`);
    return opening.waits ? await runProgram(opening.program, opening.words) : await started(opening);
  } catch (error) {
    return report(error);
  }
}

/**
 * A number of the last answer, `file:///…#place`, or `path`, `path:line` and `path#place`.
 *
 * @throws NaniteError `usage`, `bad-file`
 */
export function citationOf(what: string): Citation {
  const text = /^\d+$/.test(what) && !existsSync(what) ? rememberedCitation(what) : what;
  const citation = parseCitation(text) ?? pathCitation(text);
  if (!citation) {
    throw new NaniteError('usage', `${what} is not a citation`, {
      hint: 'a number of the last answer, file:///path#L3, or a path and a place: notes.md:12, report.pdf#page=3',
    });
  }
  let kind: ReturnType<typeof statSync>;
  try {
    kind = statSync(citation.path);
    accessSync(citation.path, constants.R_OK);
  } catch (cause) {
    const shown = citation.path.toString();
    const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new NaniteError('bad-file', gone ? `${shown} no longer exists` : `${shown} cannot be read`, {
      hint: gone ? 'search again: deleted files leave the index within seconds' : undefined,
      cause: gone ? undefined : cause,
    });
  }
  if (!kind!.isFile()) throw new NaniteError('bad-file', `${citation.path.toString()} is not a file`);
  return citation;
}

/** `path`, `path:line`, and `path#place` as addresses have it. */
function pathCitation(text: string): Citation | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return null;
  const [, named, fragment] = /^(.+)#([^#]+)$/s.exec(text) ?? [];
  if (named !== undefined && !existsSync(text)) {
    const address = formatCitation({ path: Buffer.from(resolve(named)), place: { kind: 'whole' } });
    const citation = parseCitation(`${address}#${fragment}`);
    if (citation) return citation;
  }
  const [, path, line] = /^(.+?)(?::(\d+))?$/s.exec(text) ?? [];
  if (path === undefined) return null;
  if (line === undefined || existsSync(text))
    return { path: Buffer.from(resolve(text)), place: { kind: 'whole' } };
  const at = Math.max(1, Number(line));
  return { path: Buffer.from(resolve(path)), place: { kind: 'lines', from: at, to: at } };
}

/** Which program opens a citation, and how; null where none is to be had. */
export function openingOf(
  { path, place }: Citation,
  wish: string | undefined,
  env: NodeJS.ProcessEnv,
  terminal: boolean,
): Opening | null {
  // Programs are given names as text: one that is not UTF-8 is passed by an address instead.
  const file = path.toString();
  const uri = formatCitation({ path, place: { kind: 'whole' } });
  const where: Where = { file: Buffer.from(file).equals(path) ? file : uri, uri, at: 1 };
  const words = describePlace(place);
  const tell = words === '' ? null : `it is on ${words}`.replace('it is on line', 'it is in line');
  const chosen = wish ?? defaultProgram(file, typeBy[place.kind] ?? null, env);

  if (place.kind === 'pages') {
    where.at = place.from;
    const there = chosen === null ? null : pageWords(chosen, where);
    if (chosen !== null && there) return { program: chosen, words: there, waits: false, tell: null };
    if (chosen === null && terminal && found('pdftotext', env)) {
      return {
        program: 'sh',
        words: ['-c', pageInTerminal, 'sh', file, String(place.from), String(place.to)],
        waits: true,
        tell: null,
      };
    }
  } else if (place.kind === 'lines') {
    where.at = place.from;
    const graphical = chosen !== null && isEditor(chosen) ? chosen : null;
    const own = wish ?? env['VISUAL'] ?? env['EDITOR'];
    const program = graphical ?? (own || (terminal && chosen === null ? terminalEditor(env) : null));
    if (program) {
      const [name = '', ...first] = program.split(' ').filter((word) => word !== '');
      const waits = needsTerminal(name) || name === 'less' || graphical === null;
      return { program: name, words: [...first, ...editorWords(name, where)], waits, tell: null };
    }
  }
  if (chosen !== null) return { program: chosen, words: [where.file], waits: wish !== undefined, tell };
  if ((env['DISPLAY'] || env['WAYLAND_DISPLAY']) && found('xdg-open', env)) {
    return { program: 'xdg-open', words: [where.file], waits: false, tell };
  }
  return null;
}

/** The cited lines themselves, where there is no program that could show them in their file. */
async function shown({ path, place }: Citation): Promise<number> {
  if (place.kind !== 'lines') {
    throw new NaniteError('not-installed', `found no program to open ${path.toString()}`, {
      hint: 'choose one: nanite open --with <program> …',
    });
  }
  const clean = process.stdout.isTTY === true ? sanitise : (text: string) => text;
  const { dim } = paint(process.stderr);
  process.stderr.write(`${dim(clean(`${path.toString()}, ${describePlace(place)}`))}\n`);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number++;
    if (number > place.to) break;
    if (number >= place.from) process.stdout.write(`${clean(line)}\n`);
  }
  return 0;
}

/** What a file is at the least, by how its places are counted. */
const typeBy: Partial<Record<Place['kind'], string>> = { pages: 'application/pdf', lines: 'text/plain' };

/** Pages of a PDF as text, for a terminal without a desktop. */
const pageInTerminal = 'pdftotext -layout -f "$2" -l "$3" -- "$1" - | ${PAGER:-cat}';

const terminalEditor = (env: NodeJS.ProcessEnv): string | null =>
  ['sensible-editor', 'editor', 'nano', 'vi', 'less'].find((name) => found(name, env)) ?? null;

const found = (name: string, env: NodeJS.ProcessEnv): boolean =>
  (env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(`${folder}/${name}`));

/** Start a program of the desktop that goes on without us. */
function started({ program, words }: Opening): Promise<number> {
  return new Promise((done, reject) => {
    const child = spawn(program, words, { stdio: 'ignore', detached: true });
    child.once('error', (cause) =>
      reject(new NaniteError('not-installed', `cannot run ${program}`, { cause })),
    );
    child.once('spawn', () => {
      child.unref();
      done(0);
    });
  });
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
