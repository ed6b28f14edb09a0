import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { NaniteError } from '@nanite/kit';

/**
 * Run a command to its end.
 *
 * @param to file that receives standard output; without it the output is returned
 * @throws NaniteError `command-missing`, `command-failed` (with all that it said), `disk-full`
 */
export async function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; to?: string } = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const received =
    options.to === undefined
      ? new Promise<void>((resolve) => {
          child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
          child.stdout.once('close', resolve);
        })
      : pipeline(child.stdout, createWriteStream(options.to));
  try {
    const [status] = await Promise.all([ended, received]);
    if (status === 0) return output;
    if (/ENOSPC|No space left on device/.test(said + output)) throw diskFull(said.trim());
    throw new NaniteError(
      'command-failed',
      `${command} ${args.join(' ')} ended with ${status}\n${said}${output}`.trim(),
    );
  } catch (error) {
    child.kill();
    throw explain(error, command);
  }
}

function explain(error: unknown, command: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof NaniteError) return error;
  if (code === 'ENOENT') {
    return new NaniteError('command-missing', `${command} is not installed here`, {
      hint: `run this inside the build root: tools/target/target enter …`,
      cause: error,
    });
  }
  return code === 'ENOSPC' ? diskFull(undefined, error) : error;
}

/** An error of the file system, told as what to do about it. */
export function diskFull(detail?: string, cause?: unknown): NaniteError {
  return new NaniteError('disk-full', `the disk of the cache is full${detail ? `: ${detail}` : ''}`, {
    hint: 'free some space, or point NANITE_CACHE to a larger disk; nothing half-made was kept',
    cause,
  });
}
