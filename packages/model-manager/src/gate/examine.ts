import type { ByteSource } from './bytes';
import { factsOf, type GateFacts } from './facts';
import { readGguf } from './gguf';
import { checkMetadata } from './gguf-metadata';
import { readOnnx } from './onnx';
import { formatOf } from './signature';

/**
 * The whole examination of one file, without a process or a sandbox of its own: what the sandboxed program runs, and
 * the fuzz target.
 *
 * @throws Refusal and nothing else, whatever the bytes
 */
export function examine(source: ByteSource): GateFacts {
  if (formatOf(source) === 'onnx') return readOnnx(source);
  const header = readGguf(source);
  checkMetadata(header);
  return factsOf(header);
}
