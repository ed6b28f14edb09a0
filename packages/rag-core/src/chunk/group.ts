import type { Place } from '@nanite/contracts';
import type { Block } from '../extract/extracted';
import { countTokens } from './tokens';

/** Blocks that may stand in one chunk. */
export interface Group {
  blocks: Block[];
  kind: Block['kind'];
  symbol: string | null;
}

/**
 * Join what belongs together: the blocks of a section on one page, slide or part; a table alone; small neighbours among
 * definitions, each of which is else alone.
 *
 * @param tokens of a chunk: definitions are joined up to a third of it
 */
export function groupBlocks(blocks: readonly Block[], tokens: number): Group[] {
  const groups: Group[] = [];
  let small = 0;
  for (const block of blocks) {
    const group = groups.at(-1);
    const symbols = block.symbol !== null || (group?.symbol ?? null) !== null;
    const size = symbols ? countTokens(block.text) : 0;
    if (
      group &&
      together(group, block) &&
      (!symbols || group.symbol === block.symbol || small + size <= tokens / 3)
    ) {
      small += size;
      if (group.symbol !== block.symbol) group.symbol ??= block.symbol;
      if (group.kind === 'heading' || block.kind === 'prose') group.kind = block.kind;
      group.blocks.push(block);
    } else {
      groups.push({ blocks: [block], kind: block.kind, symbol: block.symbol });
      small = size;
    }
  }
  return groups.filter((group, at) => !isBareHeading(group, groups[at + 1]));
}

function together({ blocks, kind }: Group, block: Block): boolean {
  const last = blocks.at(-1)!;
  if (kind === 'table') return block.kind === 'table' && followingRows(last.place, block.place);
  if (block.kind === 'table' && kind !== 'heading') return false;
  return sameHeadings(last, block) && samePlace(last, block);
}

const sameHeadings = (one: Block, other: Block) =>
  one.headings === other.headings ||
  (one.headings.length === other.headings.length &&
    one.headings.every((title, at) => title === other.headings[at]));

/** A long table comes in several blocks; an empty row ends one. */
const followingRows = (one: Place, other: Place) =>
  one.kind === 'rows' && other.kind === 'rows' && one.sheet === other.sheet && one.to + 1 === other.from;

/** A citation opens at one page, slide, cell or part: chunks do not reach over. */
function samePlace({ place: one }: Block, { place: other }: Block): boolean {
  if (one.kind === 'lines' || one.kind === 'whole') return one.kind === other.kind;
  if (one.kind === 'pages') return other.kind === 'pages' && one.from === other.from && one.to === other.to;
  if (one.kind === 'slide') return other.kind === 'slide' && one.slide === other.slide;
  if (one.kind === 'rows') return other.kind === 'rows' && one.sheet === other.sheet;
  if (one.kind === 'cell') return other.kind === 'cell' && one.cell === other.cell;
  return other.kind === 'part' && one.name === other.name;
}

/** A heading directly above its first subsection says nothing that the headings of the subsection do not. */
function isBareHeading({ blocks, kind }: Group, next: Group | undefined): boolean {
  if (kind !== 'heading') return false;
  const own = blocks.at(-1)!.headings;
  const following = next?.blocks[0]!.headings ?? [];
  return own.length < following.length && own.every((title, at) => title === following[at]);
}
