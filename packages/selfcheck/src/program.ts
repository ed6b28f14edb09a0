import { execFile } from 'node:child_process';

export interface Ran {
  /** Exit status; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Run a program to its end; nothing is read from standard input.
 *
 * @returns null where it is not installed
 * @throws what the signal was aborted with; the program is ended with SIGTERM then
 */
export function runProgram(argv: readonly string[], signal: AbortSignal): Promise<Ran | null> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program!,
      args,
      {
        maxBuffer: 16 * 1024 * 1024,
        signal,
        killSignal: 'SIGTERM',
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
      (error, stdout, stderr) => {
        if (signal.aborted) return reject(signal.reason);
        if (error !== null && (error as NodeJS.ErrnoException).code === 'ENOENT') return resolve(null);
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}
