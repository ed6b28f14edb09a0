import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleProgram } from '@nanite/test-programs';

export interface Ran {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Run {
  child: ChildProcess;
  ended: Promise<Ran>;
  /** Resolves when standard output holds `text`. */
  shows: (text: string) => Promise<void>;
  /** The same of standard error. */
  tells: (text: string) => Promise<void>;
}

/** The program itself, bundled into a folder of its own, as a child process. */
export class Nanite {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nanite-program-'));
  readonly home = join(this.folder, 'home');

  async build(): Promise<this> {
    await bundleProgram(resolve(import.meta.dirname, '../main.ts'), join(this.folder, 'dist'), 'main', { parts: true });
    return this;
  }

  /** An environment in which nothing of this machine is seen. */
  env(more: Record<string, string>): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.home,
      NANITE_SHARE_DIR: join(this.folder, 'share'),
      NANITE_ETC_DIR: join(this.folder, 'etc'),
      NANITE_RUNTIME_DIR: join(this.folder, 'run'),
      ...more,
    };
  }

  get share(): string {
    return join(this.folder, 'share');
  }

  get main(): string {
    return join(this.folder, 'dist/main.mjs');
  }

  start(words: string[], env: Record<string, string>, input: string | null | 'open' = null): Run {
    const child = spawn(process.execPath, [this.main, ...words], {
      env: this.env(env),
      stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const watchers: Array<() => void> = [];
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece;
      for (const watch of watchers) watch();
    });
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece;
      for (const watch of watchers) watch();
    });
    if (input !== null && input !== 'open') child.stdin?.end(input);
    const ended = new Promise<Ran>((done) =>
      child.once('close', (status, signal) => done({ status, signal, stdout, stderr })),
    );
    const holds = (stream: () => string, text: string): Promise<void> =>
      new Promise((done, fail) => {
        const watch = (): void => {
          if (stream().includes(text)) done();
        };
        watchers.push(watch);
        watch();
        void ended.then(() => fail(new Error(`ended without ${JSON.stringify(text)}: ${stdout}${stderr}`)));
      });
    return {
      child,
      ended,
      shows: (text) => holds(() => stdout, text),
      tells: (text) => holds(() => stderr, text),
    };
  }

  run(words: string[], env: Record<string, string>, input: string | null = null): Promise<Ran> {
    return this.start(words, env, input).ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
