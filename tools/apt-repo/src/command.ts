import { spawn } from 'node:child_process';
import { NaniteError } from '@nanite/kit';

export const diskFull = (path: string, detail: string, cause?: unknown): NaniteError =>
  new NaniteError('disk-full', `the disk that holds ${path} is full: ${detail}`, {
    hint: 'free space on it and run the command again; what was published before is untouched',
    cause,
  });

/**
 * Run a program and give its standard output.
 *
 * @throws NaniteError `program-missing`, `disk-full`, or `command-failed` with what it wrote to standard error
 */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; discardOutput?: boolean } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', options.discardOutput === true ? 'ignore' : 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', (cause) =>
      reject(
        new NaniteError('program-missing', `cannot run ${program}`, {
          hint: 'run this inside the trixie root: tools/target/target enter …',
          cause,
        }),
      ),
    );
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString('utf8'));
      const said = `${Buffer.concat(err).toString('utf8')}${Buffer.concat(out).toString('utf8')}`.trim();
      if (/no space left on device/i.test(said)) return reject(diskFull(options.cwd ?? program, said));
      reject(
        new NaniteError(
          'command-failed',
          `${program} ${args[0] ?? ''} ended with ${signal ?? code}: ${said.slice(-2000)}`,
        ),
      );
    });
    // A program that ends before it read its input is judged by its exit status.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}
