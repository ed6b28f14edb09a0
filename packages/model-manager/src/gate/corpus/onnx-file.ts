/** A protobuf message from its fields, in order; nothing is checked. */
export function message(
  ...fields: Array<readonly [number: number, value: number | bigint | string | Uint8Array]>
): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) =>
      typeof value === 'number' || typeof value === 'bigint'
        ? Buffer.concat([varint(BigInt(number) << 3n), varint(BigInt.asUintN(64, BigInt(value)))])
        : Buffer.concat([
            varint((BigInt(number) << 3n) | 2n),
            varint(BigInt(Buffer.byteLength(value as string))),
            Buffer.from(value as string),
          ]),
    ),
  );
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export interface WrittenOnnx {
  ir?: number;
  opset?: number;
  /** Messages of further tensors among the weights. */
  tensors?: Buffer[];
  /** Messages of further operators. */
  nodes?: Buffer[];
  /** Further fields of the model. */
  model?: Buffer[];
  opsets?: Array<readonly [domain: string, version: number]>;
}

/** A whole ONNX model: one MatMul of `input_ids` with a weight, giving `last_hidden_state` of 8 components. */
export function onnxFile({
  ir = 8,
  opset = 17,
  tensors = [],
  nodes = [],
  model = [],
  opsets = [],
}: WrittenOnnx = {}): Buffer {
  const shape = (last: number) =>
    message([1, message([1, 1], [2, message([1, message([2, 'batch'])], [1, message([1, last])])])]);
  const graph = message(
    [1, message([1, 'input_ids'], [1, 'weight'], [2, 'last_hidden_state'], [4, 'MatMul'])],
    ...nodes.map((node) => [1, node] as const),
    [2, 'main'],
    [5, message([1, 4], [1, 8], [2, 1], [8, 'weight'], [9, Buffer.alloc(128)])],
    ...tensors.map((tensor) => [5, tensor] as const),
    [11, message([1, 'input_ids'], [2, shape(4)])],
    [11, message([1, 'attention_mask'], [2, shape(4)])],
    [12, message([1, 'last_hidden_state'], [2, shape(8)])],
  );
  return Buffer.concat([
    message([1, ir], [2, 'nanite'], [7, graph], [8, message([1, ''], [2, opset])]),
    ...opsets.map(([domain, version]) => message([8, message([1, domain], [2, version])])),
    ...model,
  ]);
}

/** A tensor whose bytes lie in another file. */
export const externalTensor = (entries: Record<string, string>, dims: number[] = [4, 8]): Buffer =>
  message(
    ...dims.map((dim) => [1, dim] as const),
    [2, 1],
    [8, 'outside'],
    ...Object.entries(entries).map(([key, value]) => [13, message([1, key], [2, value])] as const),
    [14, 1],
  );
