import { closeSync, openSync, readSync } from 'node:fs';
import { run } from './command';

/** Write one member of a .zip (wheel, jar) or .tar.gz (npm, sdist) to a file. */
export async function extractMember(archive: string, member: string, to: string): Promise<void> {
  if (isZip(archive)) {
    // Python is in the build root, unzip is not.
    const code =
      'import shutil,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as f: shutil.copyfileobj(f, sys.stdout.buffer)';
    await run('python3', ['-c', code, archive, member], { to });
  } else {
    await run('tar', ['--extract', '--gzip', '--to-stdout', '--file', archive, '--', member], { to });
  }
}

function isZip(path: string): boolean {
  const start = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, start, 0, 4, 0);
  } finally {
    closeSync(file);
  }
  return start.toString('latin1') === 'PK\x03\x04';
}
