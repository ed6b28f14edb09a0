import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FileType } from '@nanite/contracts';

const endings: Record<FileType, string> = {
  text: 'txt text log asc me nfo srt vtt tex bib sty cls org adoc asciidoc pod man diff patch rtxt',
  markdown: 'md markdown mdown mkd mdx rst',
  html: 'html htm xhtml',
  pdf: 'pdf',
  docx: 'docx docm dotx',
  odt: 'odt ott fodt',
  pptx: 'pptx pptm ppsx',
  xlsx: 'xlsx xlsm ods',
  csv: 'csv tsv',
  epub: 'epub',
  notebook: 'ipynb',
  mail: 'eml',
  code: [
    'c h cc cpp cxx hpp hh hxx inl m mm cs java kt kts scala groovy gradle go rs swift zig d nim v vala',
    'js mjs cjs jsx ts mts cts tsx vue svelte py pyi rb pl pm php lua r jl hs lhs ml mli fs fsx clj cljs ex exs erl hrl elm',
    'lisp el scm sh bash zsh fish ps1 bat cmd awk sed tcl sql graphql proto thrift css scss sass less',
    'json json5 jsonl yaml yml toml ini cfg conf xml xsd xsl svg cmake mk nix tf hcl dockerfile service',
  ].join(' '),
  image: 'png jpg jpeg tif tiff webp bmp gif',
};

const byEnding = new Map(
  Object.entries(endings).flatMap(([type, names]) =>
    names.split(' ').map((ending) => [ending, type as FileType] as const),
  ),
);

const byName = new Map<string, FileType>([
  ['makefile', 'code'],
  ['dockerfile', 'code'],
  ['cmakelists.txt', 'code'],
  ['meson.build', 'code'],
]);

/** Enough to tell text from anything else. */
const sniffedBytes = 4096;

/** What a file is by its name; undefined where only its content can tell. */
export function typeByName(name: string): FileType | undefined {
  const lower = name.toLowerCase();
  return byName.get(lower) ?? byEnding.get(extname(lower).slice(1));
}

/**
 * What a file is. One whose name says nothing is text where its beginning is UTF-8 without control characters.
 *
 * @returns null where nobody here can read it
 * @throws what open(2) and read(2) report
 */
export async function fileType(path: Buffer): Promise<FileType | null> {
  const name = path.subarray(path.lastIndexOf(0x2f) + 1).toString();
  const known = typeByName(name);
  if (known !== undefined) return known;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0);
    return isText(buffer.subarray(0, bytesRead)) ? 'text' : null;
  } finally {
    await file.close();
  }
}

function isText(beginning: Buffer): boolean {
  // Tab, line feed, form feed, carriage return and escape are all that text has below the space.
  for (const byte of beginning) {
    if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) return false;
  }
  // The last letter may be cut: streaming decodes what is whole.
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(beginning, { stream: true });
    return true;
  } catch {
    return false;
  }
}
