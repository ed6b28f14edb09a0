import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { encodePng, type Screenshot } from '@nanite/vm';

const checkout = resolve(import.meta.dirname, '../..');
const images = join(checkout, 'dist/images');
const pictures = join(checkout, 'dist/test-reports/boot');

/** The newest image of dist/images/ whose name fits; null where none was built. */
export function newestImage(name: RegExp): string | null {
  const names = (() => {
    try {
      return readdirSync(images).filter((file) => file.endsWith('.iso') && name.test(file));
    } catch {
      // Nothing was ever built: the same as an empty folder.
      return [];
    }
  })();
  const found = names.map((file) => ({ path: join(images, file), at: statSync(join(images, file)).mtimeMs }));
  return found.sort((one, other) => other.at - one.at)[0]?.path ?? null;
}

/** Keep a picture for people, in dist/test-reports/boot/. */
export function keepPicture(name: string, screen: Screenshot): void {
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}.png`), encodePng(screen));
}

/** Keep a text for people, beside the pictures. */
export function keepText(name: string, text: string): void {
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, name), text);
}
