import type { FileType, Place } from '@nanite/contracts';

/** A piece of a file as its author set it: a paragraph, a heading, a table, a function. */
export interface Block {
  /** Where `bytes` is not null, exactly what stands in the file there, and blocks follow each other without a gap. */
  text: string;
  /** Titles of the sections around it, outermost first. */
  headings: string[];
  place: Place;
  /** Bytes of the file, where text and file are the same (text, Markdown, code). */
  bytes: { from: number; to: number } | null;
  kind: 'heading' | 'prose' | 'code' | 'table';
  /** Of code: what is defined here, with what is around it, such as `Parser.next`. */
  symbol: string | null;
}

export interface Extracted {
  type: FileType;
  title: string | null;
  /** What the file says it is written in: a BCP 47 tag, or the name of a programming language. */
  language: string | null;
  blocks: Block[];
  /** What was left out and why, for people. */
  warnings: string[];
}
