/** Tells in which line a character is; lines count from 1 and end at `\n`, `\r\n` or a lone `\r`, as in editors. */
export class Lines {
  private readonly starts: number[] = [0];

  constructor(private readonly text: string) {
    const ends = /\r\n|\n|\r/g;
    for (let end = ends.exec(text); end; end = ends.exec(text)) this.starts.push(end.index + end[0].length);
  }

  /** @param index in UTF-16 units */
  at(index: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** Place of what stands from `from` to before `to`, without white space around it. */
  place(from: number, to: number): { kind: 'lines'; from: number; to: number } {
    let first = from;
    let last = to;
    while (last > from && isSpace(this.text.charCodeAt(last - 1))) last--;
    while (first < last && isSpace(this.text.charCodeAt(first))) first++;
    return { kind: 'lines', from: this.at(first), to: this.at(Math.max(first, last - 1)) };
  }
}

const isSpace = (unit: number) => unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
