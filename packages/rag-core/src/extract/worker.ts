import { closeSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  NaniteError,
  sandboxFailed,
  sandboxMissing,
  startSandboxed,
  type SandboxedProcess,
} from '@nanite/kit';
import { CannotExtract, damaged } from './cannot-extract';
import { limits, mebibyte } from './limits';
import { Answer, type Question } from './protocol';
import { readerOf, Scratch } from './scratch';

export interface WorkerPaths {
  /** The sandboxed program. */
  program: string;
  /** Folder of `tree-sitter-*.wasm`. */
  grammars: string;
}

/** Beside the bundle that runs; from the source, what was built of it, and the grammars of the npm package. */
export function defaultPaths(): WorkerPaths {
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, 'extract.mjs');
  if (existsSync(beside)) return { program: beside, grammars: join(here, 'grammars') };
  const built = join(here, '..', '..', 'dist', 'extract.mjs');
  const grammars = dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm'));
  return { program: built, grammars };
}

/** A process in its life reads files up to this much work: what it leaks, or what a file left in it, goes with it. */
const life = { busy: 240_000, cpuSeconds: 600 } as const;
/** The longest answer: the text that is kept of a file, in JSON. */
const mostAnswer = 12 * limits.text;

/** The sandboxed process that reads files one after another; a new one is started when it has died. */
export class Worker {
  private readonly scratchFile = new Scratch();
  private child: SandboxedProcess | null = null;
  private stderr = '';
  private files = 0;
  private busy = 0;

  /** @param mostFiles that one process reads in its life */
  constructor(
    private readonly paths: WorkerPaths,
    private readonly mostFiles: number,
  ) {}

  /** Where the file's bytes are put before {@link ask}. */
  get scratch(): Scratch {
    return this.scratchFile;
  }

  /**
   * @param milliseconds after which the process is killed
   * @throws CannotExtract; the signal's reason; NaniteError `sandbox-missing`
   */
  async ask(question: Question, milliseconds: number, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (this.files >= this.mostFiles || this.busy >= life.busy) this.stop();
    const child = this.child ?? (await this.start());
    this.files++;
    const started = performance.now();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, milliseconds);
    const abort = () => child.kill('SIGKILL');
    signal.addEventListener('abort', abort, { once: true });
    try {
      const line = await exchange(child, `${JSON.stringify(question)}\n`);
      if (line !== null) {
        const answer = Answer.safeParse(parse(line));
        if (answer.success) return answer.data;
        this.stop();
        throw damaged('the file', answer.error);
      }
      signal.throwIfAborted();
      throw this.death(child, late);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.busy += performance.now() - started;
    }
  }

  /** End the process; the next question starts another. */
  stop(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  close(): void {
    this.stop();
    this.scratchFile.close();
  }

  /** Id of the process; null while there is none. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  private async start(): Promise<SandboxedProcess> {
    const { program, grammars } = this.paths;
    const reader = readerOf(this.scratchFile.fd);
    const child = await startSandboxed({
      command: [
        process.execPath,
        '--v8-pool-size=1',
        // A reader that is made to build code out of a file's text builds none.
        '--disallow-code-generation-from-strings',
        `--max-old-space-size=${limits.heap / mebibyte}`,
        '--max-semi-space-size=16',
        program,
        grammars,
      ],
      fd: reader,
      stdin: 'pipe',
      readable: [dirname(program), grammars],
      memory: limits.memory,
      cpuSeconds: life.cpuSeconds,
    });
    // The child has its own by now: spawn(3) is done when startSandboxed returns.
    closeSync(reader);
    this.child = child;
    this.files = 0;
    this.busy = 0;
    this.stderr = '';
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (this.stderr = (this.stderr + text).slice(-8_000)));
    child.once('close', () => {
      if (this.child === child) this.child = null;
    });
    // It may be dead when it is asked, which its `close` tells.
    child.stdin!.on('error', () => undefined);
    child.once('error', () => undefined);
    return child;
  }

  private death(child: SandboxedProcess, late: boolean): Error {
    if (sandboxFailed(this.stderr) || child.pid === undefined) return sandboxMissing(this.stderr.trim());
    // An upgrade replaces the bundle under a service that runs: no fault of the file.
    if (/ERR_MODULE_NOT_FOUND|Cannot find module/.test(this.stderr)) {
      return new NaniteError(
        'extractor-missing',
        'the program that reads files is missing, or was replaced',
        {
          status: 503,
          hint: 'systemctl --user restart nanite-rag',
          cause: this.stderr.slice(0, 2000),
        },
      );
    }
    if (late || child.signalCode === 'SIGXCPU') {
      return new CannotExtract('too-slow', 'reading it takes too long for a file of its size');
    }
    const cause = this.stderr.slice(-2000) || child.signalCode || child.exitCode;
    if (
      /heap out of memory|Out of memory|bad_alloc|Array buffer allocation failed|invalid array length/i.test(
        this.stderr,
      )
    ) {
      return new CannotExtract('too-much-memory', 'reading it takes too much memory', {
        cause,
      });
    }
    return new CannotExtract('crashed', 'the program that reads files of this kind crashed', { cause });
  }
}

/** Ask, and wait for a line; null where the process ended, or talked without end. */
function exchange(child: SandboxedProcess, question: string): Promise<string | null> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const done = (line: string | null) => {
      child.stdout!.off('data', hear);
      child.off('close', end);
      child.off('error', end);
      resolve(line);
    };
    const end = () => done(null);
    const hear = (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (part[part.length - 1] === 0x0a) done(Buffer.concat(parts).toString('utf8'));
      else if (size > mostAnswer) child.kill('SIGKILL');
    };
    child.stdout!.on('data', hear);
    child.once('close', end);
    child.once('error', end);
    child.stdin!.write(question);
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
