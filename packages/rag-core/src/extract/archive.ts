import { zipSync } from 'fflate';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { CannotExtract, damaged } from './cannot-extract';
import { limits } from './limits';

/** The files inside an office document or a book. */
export interface Archive {
  names: readonly string[];
  /**
   * One of them, unpacked; null where it is not there.
   *
   * @throws CannotExtract `bomb` before more than the limits has been unpacked
   */
  read(name: string): Promise<Buffer | null>;
  /** The archive once more, of these files only and not packed: for a library that unpacks without counting. */
  repacked(wanted: (name: string) => boolean): Promise<Buffer>;
}

/**
 * Open a zip archive.
 *
 * Sizes are taken from its directory first, and counted again while unpacking, as the directory may lie.
 * @param limit of the sum of all that is unpacked
 * @throws CannotExtract `bomb`, `damaged`, `encrypted`
 */
export async function openArchive(bytes: Buffer, limit: number = limits.unpacked): Promise<Archive> {
  if (bytes.subarray(0, 4).equals(compoundFile)) throw notAnArchive(bytes);
  const zip = await yauzl
    .fromBufferPromise(bytes, {
      lazyEntries: true,
      validateEntrySizes: true,
      decodeStrings: true,
      strictFileNames: false,
    })
    .catch((error: unknown) => {
      throw damaged('the archive', error);
    });
  const entries = await directory(zip).catch((error: unknown) => {
    throw error instanceof CannotExtract ? error : damaged('the archive', error);
  });
  let unpacked = 0;
  const read = async (entry: Entry): Promise<Buffer> => {
    if (entry.isEncrypted())
      throw new CannotExtract('encrypted', 'it is encrypted, and its password is not known');
    try {
      const stream = await zip.openReadStreamPromise(entry);
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of stream as AsyncIterable<Buffer>) {
        size += part.length;
        unpacked += part.length;
        if (size > limits.entryUnpacked || unpacked > limit) {
          stream.destroy();
          throw bomb();
        }
        parts.push(part);
      }
      return Buffer.concat(parts, size);
    } catch (error) {
      if (error instanceof CannotExtract) throw error;
      // What yauzl says of an entry that holds more than its directory promised.
      if (error instanceof Error && /too many bytes/i.test(error.message)) throw bomb(error);
      throw damaged('the archive', error);
    }
  };
  return {
    names: [...entries.keys()],
    async read(name) {
      const entry = entries.get(name);
      return entry ? read(entry) : null;
    },
    async repacked(wanted) {
      const kept: Record<string, Uint8Array> = {};
      for (const [name, entry] of entries) if (wanted(name)) kept[name] = await read(entry);
      return Buffer.from(zipSync(kept, { level: 0 }));
    },
  };
}

/** The container of Office 97, in which later versions keep what they encrypt. */
const compoundFile = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

function notAnArchive(bytes: Buffer): CannotExtract {
  return bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))
    ? new CannotExtract('encrypted', 'it is encrypted, and its password is not known')
    : new CannotExtract('unknown-format', 'it is in an Office 97 format, which cannot be read', {
        hint: 'save it in a current format',
      });
}

/** Its files by name, of two of one name the first. */
async function directory(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let unpacked = 0;
  let packed = 0;
  for await (const entry of zip.eachEntry()) {
    unpacked += entry.uncompressedSize;
    packed += entry.compressedSize;
    if (entries.size >= limits.archiveEntries) throw bomb();
    if (unpacked > limits.ratioFrom && unpacked > packed * limits.ratio) throw bomb();
    const name = entry.fileName.replaceAll('\\', '/').replace(/^\/+/, '');
    if (!name.endsWith('/') && !entries.has(name)) entries.set(name, entry);
  }
  return entries;
}

const bomb = (cause?: unknown) =>
  new CannotExtract('bomb', 'it is an archive that unpacks to far more than a document would hold', {
    cause,
  });
