import { read, utils, type CellObject, type WorkBook } from '@e965/xlsx';
import { openArchive } from '../archive';
import { CannotExtract, damaged } from '../cannot-extract';
import type { Extracted } from '../extracted';
import { limits } from '../limits';
import { Gathered, type Source } from './reading';
import { rowGatherer } from './rows';

/** Workbooks of Excel (of 2007 and of 1997) and OpenDocument: cells as they are shown, with dates as dates. */
export async function readSpreadsheet({ type, bytes }: Source): Promise<Extracted> {
  const gathered = new Gathered();
  const book = open(await plain(bytes));
  gathered.title = book.Props?.Title?.trim() || null;
  for (const name of book.SheetNames) {
    const sheet = book.Sheets[name];
    const range = sheet?.['!ref'];
    if (!sheet || !range) continue;
    const rows = rowGatherer(gathered, name);
    const { s: start, e: end } = utils.decode_range(range);
    for (let at = start.r; at <= end.r; at++) {
      const cells = sheet['!data']?.[at] ?? [];
      // Beyond what is written there is nothing, whatever the range claims.
      if (
        !rows.add(
          at + 1,
          Array.from(cells, (cell) => shown(cell)),
        )
      )
        break;
      if (at >= (sheet['!data']?.length ?? 0)) break;
    }
    rows.end();
    if (gathered.full) break;
  }
  return gathered.finish(type);
}

/** A cell as it is shown; days in the one form that is the same everywhere. */
function shown(cell: CellObject | undefined): string {
  if (cell?.v === undefined) return '';
  if (cell.v instanceof Date) {
    if (Number.isNaN(cell.v.getTime())) return cell.w ?? '';
    const time = cell.v.toISOString();
    return time.endsWith('T00:00:00.000Z') ? time.slice(0, 10) : time.slice(0, 16).replace('T', ' ');
  }
  return cell.w ?? String(cell.v);
}

/** Archives are unpacked under our limits, as SheetJS counts nothing; pictures and programs stay out. */
async function plain(bytes: Buffer): Promise<Buffer> {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return bytes;
  const archive = await openArchive(bytes, limits.unpacked / 2);
  return archive.repacked((name) => /\.(?:xml|rels|bin)$|^mimetype$/i.test(name) && !/^(?:xl\/)?(?:media|drawings|embeddings|vbaProject\.bin)/i.test(name)); // prettier-ignore
}

function open(bytes: Buffer): WorkBook {
  try {
    return read(bytes, {
      type: 'buffer',
      dense: true,
      cellDates: true,
      cellFormula: false,
      cellHTML: false,
      bookVBA: false,
    });
  } catch (error) {
    if (error instanceof Error && /password|encrypt/i.test(error.message)) {
      throw new CannotExtract('encrypted', 'it is encrypted, and its password is not known', {
        cause: error,
      });
    }
    throw damaged('the workbook', error);
  }
}
