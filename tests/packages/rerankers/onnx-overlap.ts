/** A protobuf message from its fields, in order. */
function message(...fields: Array<readonly [number: number, value: number | string | Uint8Array]>): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) =>
      typeof value === 'number'
        ? Buffer.concat([varint(number << 3), varint(value)])
        : Buffer.concat([varint((number << 3) | 2), varint(Buffer.byteLength(value)), Buffer.from(value)]),
    ),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** TensorProto.DataType */
const types = { float: 1, int64: 7 } as const;

const int64 = (name: string, values: number[], dims = [values.length]) => {
  const raw = Buffer.from(BigInt64Array.from(values.map(BigInt)).buffer);
  return message(...dims.map((dim) => [1, dim] as const), [2, types.int64], [8, name], [9, raw]);
};
const float = (name: string, value: number) =>
  message([2, types.float], [8, name], [9, Buffer.from(Float32Array.of(value).buffer)]);

/** NodeProto; attributes are AttributeProto: an integer, or a list of them. */
const node = (
  operator: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
) =>
  message(
    ...inputs.map((input) => [1, input] as const),
    [2, output],
    [4, operator],
    ...Object.entries(attributes).map(
      ([name, value]) =>
        [
          5,
          typeof value === 'number'
            ? message([1, name], [3, value], [20, 2])
            : message([1, name], ...value.map((each) => [8, each] as const), [20, 7]),
        ] as const,
    ),
  );

/** ValueInfoProto of a tensor; dimensions by name, or fixed. */
const value = (name: string, type: number, dims: Array<string | number>) =>
  message(
    [1, name],
    [
      2,
      message([
        1,
        message(
          [1, type],
          [
            2,
            message(
              ...dims.map(
                (dim) => [1, typeof dim === 'number' ? message([1, dim]) : message([2, dim])] as const,
              ),
            ),
          ],
        ),
      ]),
    ],
  );

/**
 * A cross-encoder without anything learned: its logit is how much of the query's words stand in the document, from -3
 * (none) to 3 (all). The inputs, the output and the shapes are those of a BERT for sequence classification as it is exported.
 *
 * @param lastSpecial token ids up to this are marks and not words
 */
export function overlapOnnx(lastSpecial: number): Buffer {
  const nodes = [
    node('Greater', ['input_ids', 'last_special'], 'is_word'),
    node('Equal', ['attention_mask', 'one'], 'is_there'),
    node('And', ['is_word', 'is_there'], 'word'),
    node('Equal', ['token_type_ids', 'zero'], 'first'),
    node('Equal', ['token_type_ids', 'one'], 'second'),
    node('And', ['word', 'first'], 'in_query'),
    node('And', ['word', 'second'], 'in_document'),
    node('Unsqueeze', ['input_ids', 'axis2'], 'ids_down'),
    node('Unsqueeze', ['input_ids', 'axis1'], 'ids_across'),
    node('Equal', ['ids_down', 'ids_across'], 'same'),
    node('Unsqueeze', ['in_document', 'axis1'], 'document_across'),
    node('And', ['same', 'document_across'], 'found'),
    node('Cast', ['found'], 'found_number', { to: types.float }),
    node('ReduceMax', ['found_number'], 'found_once', { axes: [2], keepdims: 0 }),
    node('Cast', ['in_query'], 'query_number', { to: types.float }),
    node('Mul', ['found_once', 'query_number'], 'hits'),
    node('ReduceSum', ['hits', 'axis1'], 'sum', { keepdims: 1 }),
    node('ReduceSum', ['query_number', 'axis1'], 'count', { keepdims: 1 }),
    node('Div', ['sum', 'count'], 'part'),
    node('Mul', ['part', 'six'], 'scaled'),
    node('Sub', ['scaled', 'three'], 'logits'),
  ];
  const weights = [
    int64('last_special', [lastSpecial], []),
    int64('zero', [0], []),
    int64('one', [1], []),
    int64('axis1', [1]),
    int64('axis2', [2]),
    float('six', 6),
    float('three', 3),
  ];
  const tokens = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
    value(name, types.int64, ['batch', 'sequence']),
  );
  const graph = message(
    ...nodes.map((each) => [1, each] as const),
    [2, 'overlap'],
    ...weights.map((each) => [5, each] as const),
    ...tokens.map((each) => [11, each] as const),
    [12, value('logits', types.float, ['batch', 1])],
  );
  return message([1, 8], [2, 'nanite tests'], [7, graph], [8, message([1, ''], [2, 17])]);
}
