import stringWidth from 'string-width';

/** Text between two places where a line may end: a word, white space, or a sign of Chinese, Japanese or Korean. */
const parts =
  /\n|[^\S\n]+|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}、。，．！？：；]|[^\s\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}、。，．！？：；]+/gu;
const isSign = (part: string): boolean =>
  /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}、。，．！？：；]$/u.test(part);

/**
 * Writes text that comes in pieces to a terminal, with lines that end between words. A word is held back until its end has
 * come. Lines of code, between ```, stay as they are: they are copied from the screen.
 */
export class WordWrap {
  /** Columns that the line on the screen has taken, without white space that is held back. */
  #column = 0;
  #space = '';
  #word = '';
  /** The current line as it came, to know a fence by. */
  #line = '';
  #isCode = false;
  readonly #resized: () => void;

  constructor(private readonly stream: NodeJS.WriteStream) {
    // Terminals break the line again at the new width: what stands on its last row is what is left of it.
    this.#resized = () => (this.#column %= this.#columns());
    stream.on('resize', this.#resized);
  }

  write(text: string): void {
    // What was held back may go on with the first letters of this piece.
    const all = this.#word + text;
    this.#word = '';
    for (const [part] of all.matchAll(parts)) {
      if (part === '\n') this.#newLine();
      else if (/^\s/.test(part)) this.#blank(part);
      else {
        this.#flush();
        this.#word = part;
        if (isSign(part)) this.#flush();
      }
    }
  }

  /** Write what is held back, and leave the terminal alone from now on. */
  end(): void {
    this.#flush();
    this.stream.off('resize', this.#resized);
  }

  #columns(): number {
    return Math.max(1, this.stream.columns || 80);
  }

  #blank(part: string): void {
    this.#flush();
    this.#space += part;
  }

  #newLine(): void {
    this.#flush();
    if (this.#line.trimStart().startsWith('```')) this.#isCode = !this.#isCode;
    this.#line = '';
    this.#space = '';
    this.#column = 0;
    this.stream.write('\n');
  }

  #flush(): void {
    if (this.#word === '') return;
    const word = this.#word;
    this.#word = '';
    const columns = this.#columns();
    const space = this.#space;
    this.#space = '';
    const width = stringWidth(word);
    const wanted = this.#column + stringWidth(space) + width;
    this.#line += space + word;
    const isFence = this.#line.trimStart().startsWith('```');
    if (!this.#isCode && !isFence && this.#column > 0 && wanted > columns && width <= columns) {
      this.stream.write(`\n${word}`);
      this.#column = width;
      return;
    }
    this.stream.write(space + word);
    this.#column = wanted > columns ? ((wanted - 1) % columns) + 1 : wanted;
  }
}
