import { execFile } from 'node:child_process';
import { encodePpm, type Screenshot } from './screen';

function filter(command: string, args: string[], input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      // One thread: the machine that is looked at needs the processors more.
      {
        encoding: 'buffer',
        maxBuffer: 64 << 20,
        timeout: 240_000,
        env: { ...process.env, OMP_THREAD_LIMIT: '1' },
      },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/**
 * The words on a screen, read by tesseract. Letters of boot menus and panels are smaller than what it was trained on,
 * hence two or three times the size; it is good for finding words that must be there, not for quoting them.
 */
export async function readText(screen: Screenshot): Promise<string> {
  const large = await filter(
    'convert',
    ['ppm:-', '-colorspace', 'Gray', '-resize', screen.width > 1000 ? '200%' : '300%', 'pgm:-'],
    encodePpm(screen),
  );
  const text = await filter('tesseract', ['-', '-', '--dpi', '300', '--psm', '11'], large);
  return text
    .toString()
    .replace(/\n\s*\n+/g, '\n')
    .trim();
}
