import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { NaniteError } from '@nanite/kit';

/** How a program ended that was run to its end, whatever its exit status. */
export interface Ended {
  status: number;
  output: string;
}

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Aborting it kills the program and all that it started. */
  signal?: AbortSignal;
  /** A file that gets what it writes, as it comes. */
  log?: string;
  line?: (line: string) => void;
}

/**
 * Run a program to its end, with its standard output and standard error as one text.
 *
 * @throws NaniteError `interrupted` where the signal ended it
 */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    // A process group of its own, so that what it started ends with it.
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' });
    let output = '';
    let rest = '';
    const take = (chunk: string): void => {
      log?.write(chunk);
      output += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) options.line?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const stop = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended by itself in this moment.
      }
    };
    options.signal?.addEventListener('abort', stop, { once: true });
    child.once('error', (cause) =>
      reject(
        new NaniteError('program-missing', `cannot run ${program}`, {
          hint: 'run this inside the image root: tools/target/target enter -r image …',
          cause,
        }),
      ),
    );
    child.once('close', (code, killed) => {
      options.signal?.removeEventListener('abort', stop);
      const finish = (): void => {
        if (options.signal?.aborted === true)
          reject(new NaniteError('interrupted', 'the build was interrupted'));
        else resolve({ status: code ?? (killed === null ? 1 : 137), output });
      };
      if (log === undefined) finish();
      else log.end(finish);
    });
  });
}

/**
 * Run a program that must succeed, and give what it wrote.
 *
 * @throws NaniteError `command-failed` with the last of what it wrote
 */
export async function run(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { status, output } = await runToEnd(program, args, options);
  if (status === 0) return output;
  throw new NaniteError(
    'command-failed',
    `${program} ended with ${status}:\n${output.trim().split('\n').slice(-15).join('\n')}`,
  );
}
