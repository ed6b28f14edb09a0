import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { NaniteError } from '@nanite/kit';

/**
 * Run a program in this one's place: its terminal, its input and output.
 *
 * @returns its exit status; 128 + n where signal n ended it, as a shell says it
 * @throws NaniteError `not-installed`
 */
export function runProgram(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit' });
    // Ctrl-C reaches the whole foreground group: the program decides what it means, and we wait for it.
    const ignore = (): void => {};
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', pass).on('SIGHUP', pass);
    child.once('error', (cause) =>
      reject(new NaniteError('not-installed', `cannot run ${program}`, { cause })),
    );
    child.once('close', (status, signal) =>
      resolve(signal === null ? (status ?? 1) : 128 + constants.signals[signal]),
    );
  });
}
