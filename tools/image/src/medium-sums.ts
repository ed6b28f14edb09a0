import { readFile, writeFile } from 'node:fs/promises';
import { NaniteError } from '@nanite/kit';

/** What BIOS starts from a CD. xorriso writes into its copy on the medium where that copy lies. */
const bootImage = './boot/grub/grub_eltorito';

/**
 * The list of sums without the boot image. live-build leaves out those of its other boot loaders, but counts this one, so that
 * checking a medium would find every medium damaged.
 *
 * @param list lines of sha256sum
 * @throws NaniteError `no-boot-image` where it is not listed: live-build leaves it out now, or calls it something else
 */
export function withoutBootImage(list: string): string {
  const lines = list.split('\n');
  const kept = lines.filter((line) => !line.endsWith(`  ${bootImage}`));
  if (kept.length === lines.length) {
    throw new NaniteError('no-boot-image', `live-build made no sum of ${bootImage}`, {
      hint: 'see which boot image binary_iso names, and boot the entry that checks the medium',
    });
  }
  return kept.join('\n');
}

/** Leave the boot image out of a list of sums. */
export async function leaveOutBootImage(file: string): Promise<void> {
  await writeFile(file, withoutBootImage(await readFile(file, 'utf8')));
}
