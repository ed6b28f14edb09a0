import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { NaniteError } from '@nanite/kit';

const sectorSize = 2048;

/** Where a file lies inside an ISO: bytes from its begin, and its length. */
export interface Extent {
  offset: number;
  length: number;
}

/** Reads the line that xorriso's report_lba prints of a file: `File data lba: part , lba , blocks , size , 'path'`. */
export function parseExtent(report: string): Extent | undefined {
  const found = /^File data lba:\s*0\s*,\s*(\d+)\s*,\s*\d+\s*,\s*(\d+)\s*,/m.exec(report);
  return found === null ? undefined : { offset: Number(found[1]) * sectorSize, length: Number(found[2]) };
}

/**
 * Where a file lies inside an ISO.
 *
 * @throws NaniteError `not-on-medium`
 */
export function findOnMedium(iso: string, path: string): Extent {
  const report = execFileSync(
    'xorriso',
    ['-indev', `stdio:${iso}`, '-find', path, '-type', 'f', '-exec', 'report_lba', '--'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const extent = parseExtent(report);
  if (extent === undefined) throw new NaniteError('not-on-medium', `${iso} has no file ${path}`);
  return extent;
}

/**
 * Make a medium that is this one but for a single flipped bit, as a qcow2 overlay of some kilobytes.
 *
 * @param at bytes from the begin of the medium
 */
export function damagedCopy(iso: string, overlay: string, at: number): void {
  const file = openSync(iso, 'r');
  const byte = Buffer.alloc(1);
  try {
    if (readSync(file, byte, 0, 1, at) !== 1) {
      throw new NaniteError('not-on-medium', `${iso} is shorter than ${at} bytes`);
    }
  } finally {
    closeSync(file);
  }
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', iso, overlay]);
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${(byte[0] ?? 0) ^ 1} ${at} 1`, overlay], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
