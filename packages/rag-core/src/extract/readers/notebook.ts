import { z } from 'zod';
import { damaged } from '../cannot-extract';
import { decodeText } from '../decode';
import type { Extracted } from '../extracted';
import { Lines } from '../lines';
import { headingStack } from './headings';
import { addMarkdown } from './markdown';
import { Gathered, type Source } from './reading';

const Text = z
  .union([z.string(), z.array(z.string())])
  .transform((text) => (Array.isArray(text) ? text.join('') : text));

/** nbformat 4; of version 3 the cells lie in a worksheet and are called otherwise. */
const Cell = z.object({
  cell_type: z.string(),
  source: Text.optional(),
  input: Text.optional(),
  outputs: z
    .array(z.looseObject({ text: Text.optional().catch(undefined), data: z.looseObject({ 'text/plain': Text.optional().catch(undefined) }).optional().catch(undefined) }))
    .optional()
    .catch(undefined),
}); // prettier-ignore

const Notebook = z.object({
  cells: z.array(Cell).optional(),
  worksheets: z.array(z.object({ cells: z.array(Cell) })).optional(),
  metadata: z
    .looseObject({
      title: z.string().optional().catch(undefined),
      kernelspec: z
        .looseObject({ language: z.string().max(100).optional() })
        .optional()
        .catch(undefined),
      language_info: z
        .looseObject({ name: z.string().max(100).optional() })
        .optional()
        .catch(undefined),
    })
    .optional(),
});

/** What a cell printed is kept up to this much: tables and messages, not logs. */
const longestOutput = 2_000;

/** A Jupyter notebook, cell by cell: text, code, and what the code printed. Pictures stay out. */
export function readNotebook({ type, bytes }: Source): Extracted {
  const parsed = Notebook.safeParse(json(decodeText(bytes).text));
  if (!parsed.success) throw damaged('the notebook', parsed.error.message.slice(0, 500));
  const { cells, worksheets, metadata } = parsed.data;
  const gathered = new Gathered();
  gathered.title = metadata?.title ?? null;
  gathered.language = metadata?.kernelspec?.language ?? metadata?.language_info?.name ?? null;
  const headings = headingStack();
  for (const [at, cell] of (cells ?? worksheets?.flatMap((sheet) => sheet.cells) ?? []).entries()) {
    const text = cell.source ?? cell.input ?? '';
    const lines = new Lines(text);
    const place = (from: number, to: number) => ({
      ...lines.place(from, to),
      kind: 'cell' as const,
      cell: at + 1,
    });
    if (cell.cell_type === 'markdown') {
      addMarkdown(gathered, { text, encoding: 'utf-8', byteAt: null }, headings, place);
      continue;
    }
    const rest = { headings: headings.titles(), bytes: null, symbol: null, kind: cell.cell_type === 'code' ? 'code' : 'prose' } as const; // prettier-ignore
    gathered.add({ ...rest, text, place: place(0, text.length) });
    const printed = (cell.outputs ?? [])
      .map((output) => output.text ?? output.data?.['text/plain'] ?? '')
      .join('\n');
    gathered.add({
      ...rest,
      text: printed.slice(0, longestOutput),
      place: place(Math.max(0, text.length - 1), text.length),
    });
    if (gathered.full) break;
  }
  return gathered.finish(type);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged('the notebook', error);
  }
}
