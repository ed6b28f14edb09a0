/**
 * Letters with marks in parts, each with the letter: a text may hold `ü` as one character, or as `u` and a mark as names of files
 * from macOS do.
 *
 * Unicode never changes the parts of a letter that it has, so this depends on the letters, not on the Unicode that Node knows.
 */
export function inParts(letters: Iterable<string>): Map<string, string> {
  return new Map(
    [...letters]
      .map((letter) => [letter.normalize('NFD'), letter] as const)
      // Some letters are excluded from composition: their parts stay apart.
      .filter(([parts, letter]) => parts !== letter && parts.normalize('NFC') === letter),
  );
}

interface Node {
  children: Map<number, Node>;
  /** Where the replacement of what leads here begins. */
  value?: number;
}

/** A bit of a unit of the array that marks a value. */
const valueMark = 0x8000_0000;
/** A bit that says that what leads to the unit has a value. */
const leafMark = 0x100;

/** Units of a double array and which of them are free; it grows by whole blocks, so that every byte leads to a unit of it. */
class Units {
  private words = new Uint32Array(256);
  private used = new Uint8Array(256);
  private readonly bases = new Set<number>();
  /** No unit before it is free. */
  private firstFree = 1;

  constructor() {
    this.used[0] = 1;
  }

  /** Reserve a place for children at `base ^ byte`, for each byte. @returns the base, which no other node has */
  place(bytes: readonly number[]): number {
    while (this.used[this.firstFree] === 1) this.firstFree++;
    for (let place = this.firstFree; ; place++) {
      const base = place ^ bytes[0]!;
      if (this.bases.has(base)) continue;
      while (Math.max(base, place) >= this.words.length) this.grow();
      if (bytes.some((byte) => this.used[base ^ byte] === 1)) continue;
      for (const byte of bytes) this.used[base ^ byte] = 1;
      this.bases.add(base);
      return base;
    }
  }

  set(at: number, word: number): void {
    this.words[at] = word;
  }

  or(at: number, bits: number): void {
    this.words[at]! |= bits;
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(this.words.length * 4);
    this.words.forEach((word, at) => bytes.writeUInt32LE(word, at * 4));
    return bytes;
  }

  private grow(): void {
    const size = this.words.length + 256;
    const [words, used] = [new Uint32Array(size), new Uint8Array(size)];
    words.set(this.words);
    used.set(this.used);
    [this.words, this.used] = [words, used];
  }
}

/**
 * A table of replacements as SentencePiece keeps it (`precompiled_charsmap`), which llama.cpp reads: the size of a double array,
 * the array in Darts-clone's units, and the replacements, each ended by a zero.
 *
 * A unit of the array has in its lowest byte the byte that leads to it, a bit for whether a key ends there, and from bit 10 the
 * difference (exclusive or) between its place and that of its children, of which number 0 is the value. A key's longest match
 * wins.
 */
export function charsmap(replacements: ReadonlyMap<string, string>): Buffer {
  const root: Node = { children: new Map() };
  const texts: Buffer[] = [];
  const places = new Map<string, number>();
  let end = 0;
  const sorted = [...replacements].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, replacement] of sorted) {
    if (!places.has(replacement)) {
      const text = Buffer.from(`${replacement}\0`);
      places.set(replacement, end);
      texts.push(text);
      end += text.length;
    }
    let node = root;
    for (const byte of Buffer.from(key)) {
      let next = node.children.get(byte);
      if (next === undefined) node.children.set(byte, (next = { children: new Map() }));
      node = next;
    }
    node.value = places.get(replacement)!;
  }

  const units = new Units();
  const waiting: Array<[node: Node, at: number]> = [[root, 0]];
  for (const [node, at] of waiting) {
    const hasValue = node.value !== undefined;
    const bytes = [...(hasValue ? [0] : []), ...node.children.keys()];
    if (bytes.length === 0) continue;
    const base = units.place(bytes);
    units.or(at, ((at ^ base) << 10) | (hasValue ? leafMark : 0));
    if (hasValue) units.set(base, (valueMark | node.value!) >>> 0);
    for (const [byte, child] of node.children) {
      units.set(base ^ byte, byte);
      waiting.push([child, base ^ byte]);
    }
  }
  const array = units.bytes();
  const size = Buffer.alloc(4);
  size.writeUInt32LE(array.length);
  return Buffer.concat([size, array, ...texts]);
}
