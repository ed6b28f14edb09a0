const text = (value: string): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(value)));
  return Buffer.concat([length, Buffer.from(value)]);
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** A GGUF file of version 3 with this metadata, an array to pass over, and no tensors. */
export function makeGguf(metadata: Record<string, string | number>): Buffer {
  const array = [text('tokenizer.ggml.tokens'), u32(9), u32(8), u64(2), text('a'), text('b')];
  const entries = Object.entries(metadata).map(([key, value]) =>
    typeof value === 'string'
      ? Buffer.concat([text(key), u32(8), text(value)])
      : Buffer.concat([text(key), u32(4), u32(value)]),
  );
  return Buffer.concat([Buffer.from('GGUF'), u32(3), u64(0), u64(entries.length + 1), ...array, ...entries]);
}
