/** What has to be known of a vocabulary to judge what refers to it; its texts are not kept. */
export class Vocabulary {
  tokens = 0;
  /** Index and text of a token that looks like a byte and is none, such as `<0x-1>`; null where there is none. */
  badByteToken: string | null = null;

  /** What looks at each element of a metadata array; null where nobody does. */
  listener(key: string): ((text: Uint8Array) => void) | null {
    if (key !== 'tokenizer.ggml.tokens') return null;
    this.tokens = 0;
    return (text) => {
      this.tokens++;
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
