/** Texts of the tokens that stand before, behind and in a gap: llama.cpp knows them by these (llama-vocab.cpp). */
const gapTokens = [
  [
    '<|fim_prefix|>',
    '<fim-prefix>',
    '<fim_prefix>',
    '<｜fim▁begin｜>',
    '<PRE>',
    '▁<PRE>',
    '<|code_prefix|>',
    '<|prefix|>',
  ],
  [
    '<|fim_suffix|>',
    '<fim-suffix>',
    '<fim_suffix>',
    '<｜fim▁hole｜>',
    '<SUF>',
    '▁<SUF>',
    '<|code_suffix|>',
    '<|suffix|>',
  ],
  [
    '<|fim_middle|>',
    '<fim-middle>',
    '<fim_middle>',
    '<｜fim▁end｜>',
    '<MID>',
    '▁<MID>',
    '<|code_middle|>',
    '<|middle|>',
  ],
];
const gapPart = new Map(gapTokens.flatMap((texts, part) => texts.map((text) => [text, part] as const)));
const longestGapToken = Math.max(...[...gapPart.keys()].map((text) => Buffer.byteLength(text)));

/** What has to be known of a vocabulary to judge what refers to it; its texts are not kept. */
export class Vocabulary {
  readonly #gapParts = new Set<number>();
  tokens = 0;
  /** Index and text of a token that looks like a byte and is none, such as `<0x-1>`; null where there is none. */
  badByteToken: string | null = null;

  /** Whether it has tokens to say where text is missing. */
  get marksGaps(): boolean {
    return this.#gapParts.size === gapTokens.length;
  }

  /** What looks at each element of a metadata array; null where nobody does. */
  listener(key: string): ((text: Uint8Array) => void) | null {
    if (key !== 'tokenizer.ggml.tokens') return null;
    this.tokens = 0;
    return (text) => {
      this.tokens++;
      if (text.byteLength <= longestGapToken && text.at(-1) === 0x3e) {
        const part = gapPart.get(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString());
        if (part !== undefined) this.#gapParts.add(part);
      }
      if (
        text.byteLength === 6 &&
        text[0] === 0x3c &&
        text[1] === 0x30 &&
        text[2] === 0x78 &&
        text[5] === 0x3e
      ) {
        if (!isHex(text[3]!) || !isHex(text[4]!)) {
          this.badByteToken ??= Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
        }
      }
    };
  }
}

const isHex = (byte: number) =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
