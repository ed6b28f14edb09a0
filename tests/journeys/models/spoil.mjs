// spoil.mjs FROM TO rubbish|unknown: weights that load and say nonsense, or that llama.cpp refuses.
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to, how] = process.argv.slice(2);
const bytes = readFileSync(from);
if (how === 'rubbish') {
  // Blocks of Q4_1 (20 bytes) of the later layers change places: the scales stay numbers.
  const begin = 30_000_000;
  const blocks = Math.floor((bytes.length - begin) / 20);
  let seed = 1;
  for (let i = 0; i < blocks; i++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    const a = begin + i * 20;
    const b = begin + (seed % blocks) * 20;
    const block = Buffer.from(bytes.subarray(a, a + 20));
    bytes.copy(bytes, a, b, b + 20);
    block.copy(bytes, b);
  }
} else {
  // A key that llama.cpp needs has another name.
  bytes.write('llama.feed_forward_lenght', bytes.indexOf('llama.feed_forward_length'));
}
writeFileSync(to, bytes);
