import type { ModelCapability } from '@nanite/contracts';
import { Cursor, utf8, type ByteSource } from './bytes';
import type { GateFacts } from './facts';
import { limits } from './limits';
import { budget, fields, varint, type Budget, type Field } from './protobuf';
import { refuse } from './refusal';

/** Bits of an element, by TensorProto.DataType (onnx.proto3); 0 for strings. */
const elementBits: Record<number, readonly [name: string, bits: number]> = {
  1: ['F32', 32],
  2: ['UINT8', 8],
  3: ['INT8', 8],
  4: ['UINT16', 16],
  5: ['INT16', 16],
  6: ['INT32', 32],
  7: ['INT64', 64],
  8: ['STRING', 0],
  9: ['BOOL', 8],
  10: ['F16', 16],
  11: ['F64', 64],
  12: ['UINT32', 32],
  13: ['UINT64', 64],
  14: ['COMPLEX64', 64],
  15: ['COMPLEX128', 128],
  16: ['BF16', 16],
  17: ['F8E4M3FN', 8],
  18: ['F8E4M3FNUZ', 8],
  19: ['F8E5M2', 8],
  20: ['F8E5M2FNUZ', 8],
  21: ['UINT4', 4],
  22: ['INT4', 4],
  23: ['F4E2M1', 4],
  24: ['F8E8M0', 8],
  25: ['UINT2', 2],
  26: ['INT2', 2],
};

/** Operator sets of ONNX Runtime's own build; any other needs a library of somebody's. */
const operatorSets = new Set([
  '',
  'ai.onnx',
  'ai.onnx.ml',
  'ai.onnx.preview',
  'ai.onnx.preview.training',
  'ai.onnx.training',
  'com.microsoft',
  'com.microsoft.nchwc',
  'com.microsoft.experimental',
  'com.ms.internal.nhwc',
]);

/** What ONNX Runtime 1.27 reads, with a little room: it refuses a later one itself. */
const versions = { ir: [3, 14], opset: [7, 28] } as const;

interface Found {
  left: Budget;
  nodes: number;
  tensors: number;
  parameters: number;
  /** Elements by type of weights. */
  weights: Map<string, number>;
  domains: Set<string>;
  ownDomains: Set<string>;
  external: Map<string, number>;
  inputs: string[];
  outputs: Array<{ name: string; last: number | null }>;
  positions: number | null;
}

/**
 * Walk an ONNX file as far as it can lead out of itself or mislead about sizes: lengths of all messages, sizes of the
 * tensors inside, files that it names for weights, operators that need a library.
 *
 * Structure: onnx/onnx.proto3. Bytes of weights are not read.
 * @throws Refusal and nothing else, whatever the bytes
 */
export function readOnnx(source: ByteSource): GateFacts {
  const cursor = new Cursor(source);
  const found: Found = {
    left: budget(),
    nodes: 0,
    tensors: 0,
    parameters: 0,
    weights: new Map(),
    domains: new Set(),
    ownDomains: new Set(),
    external: new Map(),
    inputs: [],
    outputs: [],
    positions: null,
  };
  let ir: number | null = null;
  let graphs = 0;
  const opsets = new Map<string, number>();
  for (const field of fields(cursor, source.size, found.left)) {
    if (field.kind === 'number') {
      if (field.number === 1) ir = Number(field.value);
      else if (![5].includes(field.number)) unknown(field, 'the model');
      continue;
    }
    switch (field.number) {
      case 7:
        graphs++;
        readGraph(cursor, field.end, found, 1);
        break;
      case 8: {
        const [domain, version] = readOpset(cursor, field.end, found.left);
        opsets.set(domain, version);
        break;
      }
      case 25:
        readFunction(cursor, field.end, found);
        break;
      case 2:
      case 3:
      case 4:
      case 6:
      case 14:
      case 20:
      case 26:
        break;
      default:
        unknown(field, 'the model');
    }
  }
  if (ir === null || graphs !== 1)
    refuse('protobuf', 'this is not an ONNX model: it holds no graph of operators', hint);
  if (ir < versions.ir[0] || ir > versions.ir[1]) {
    refuse(
      'version',
      `this is ONNX IR version ${ir}, and ONNX Runtime reads ${versions.ir.join(' to ')}`,
      update,
    );
  }
  const opset = opsets.get('') ?? opsets.get('ai.onnx');
  if (opset !== undefined && (opset < versions.opset[0] || opset > versions.opset[1])) {
    refuse(
      'version',
      `this uses operators of version ${opset}; ONNX Runtime has ${versions.opset.join(' to ')}`,
      update,
    );
  }
  for (const domain of [...opsets.keys(), ...found.domains]) {
    if (operatorSets.has(domain) || found.ownDomains.has(domain)) continue;
    // A set that is imported and used by no operator harms nobody: exporters list more than they use.
    if (!found.domains.has(domain)) continue;
    refuse(
      'operators',
      `this needs the operators of ${JSON.stringify(domain)}, which come as a library of programs`,
      'get an ONNX file that ONNX Runtime can run by itself, or the GGUF of this model',
    );
  }
  return factsOf(found);
}

const hint = 'get it again from its publisher; only GGUF and ONNX models can be run';
const update = 'get another conversion of the model, or update Nanite';

/** A field that onnx.proto3 does not have: whatever this is, it is not an ONNX model, or one of the future. */
function unknown(field: Field, where: string): never {
  refuse('protobuf', `this is not an ONNX model: ${where} has a field ${field.number}`, hint);
}

function textAt(cursor: Cursor, field: Extract<Field, { kind: 'bytes' }>, what: string): string {
  if (field.end - field.at > 65_536) refuse('limit', `${what} is ${field.end - field.at} bytes long`);
  return utf8(cursor.bytes(field.end - field.at), what);
}

function readOpset(cursor: Cursor, end: number, left: Budget): [domain: string, version: number] {
  let domain = '';
  let version = 0;
  for (const field of fields(cursor, end, left)) {
    if (field.number === 1 && field.kind === 'bytes')
      domain = textAt(cursor, field, 'the name of an operator set');
    else if (field.number === 2 && field.kind === 'number') version = Number(field.value);
  }
  return [domain, version];
}

function tooDeep(depth: number): void {
  if (depth > limits.protobufDepth) refuse('limit', `graphs are nested ${depth} deep`);
}

function readGraph(cursor: Cursor, end: number, found: Found, depth: number): void {
  tooDeep(depth);
  for (const field of fields(cursor, end, found.left)) {
    if (field.kind !== 'bytes') unknown(field, 'a graph');
    switch (field.number) {
      case 1:
        readNode(cursor, field.end, found, depth);
        break;
      case 5:
        readTensor(cursor, field.end, found, true);
        break;
      case 11:
        if (depth === 1) found.inputs.push(readValue(cursor, field.end, found.left).name);
        break;
      case 12:
        if (depth === 1) found.outputs.push(readValue(cursor, field.end, found.left));
        break;
      case 15:
        readSparse(cursor, field.end, found);
        break;
      case 2:
      case 10:
      case 13:
      case 14:
      case 16:
        break;
      default:
        unknown(field, 'a graph');
    }
  }
}

function readFunction(cursor: Cursor, end: number, found: Found): void {
  for (const field of fields(cursor, end, found.left)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 7) readNode(cursor, field.end, found, 2);
    else if (field.number === 10) found.ownDomains.add(textAt(cursor, field, 'the domain of a function'));
    else if (field.number === 11) readAttribute(cursor, field.end, found, 2);
  }
}

function readNode(cursor: Cursor, end: number, found: Found, depth: number): void {
  if (++found.nodes > limits.onnxNodes) refuse('limit', 'the model has more operators than any');
  for (const field of fields(cursor, end, found.left)) {
    if (field.kind !== 'bytes') unknown(field, 'an operator');
    if (field.number === 5) readAttribute(cursor, field.end, found, depth);
    else if (field.number === 7) found.domains.add(textAt(cursor, field, 'the domain of an operator'));
    else if (field.number > 11) unknown(field, 'an operator');
  }
}

function readAttribute(cursor: Cursor, end: number, found: Found, depth: number): void {
  for (const field of fields(cursor, end, found.left)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 5 || field.number === 10) readTensor(cursor, field.end, found, false);
    else if (field.number === 6 || field.number === 11) readGraph(cursor, field.end, found, depth + 1);
    else if (field.number === 22 || field.number === 23) readSparse(cursor, field.end, found);
  }
}

function readSparse(cursor: Cursor, end: number, found: Found): void {
  for (const field of fields(cursor, end, found.left)) {
    if (field.kind === 'bytes' && field.number <= 2) readTensor(cursor, field.end, found, true);
  }
}

/** A tensor inside the file must be as long as its shape says; one outside it must name a file beside the model. */
function readTensor(cursor: Cursor, end: number, found: Found, isWeight: boolean): void {
  if (++found.tensors > limits.onnxTensors) refuse('limit', 'the model has more tensors than any');
  const dims: bigint[] = [];
  let type = 0;
  let raw: number | null = null;
  let name = '';
  let outside = false;
  const external = new Map<string, string>();
  for (const field of fields(cursor, end, found.left)) {
    if (field.number === 1) {
      if (field.kind === 'number') dims.push(BigInt.asIntN(64, field.value));
      else while (cursor.at < field.end) dims.push(BigInt.asIntN(64, varint(cursor, field.end)));
      if (dims.length > 64) refuse('tensor-shape', 'a tensor has more than 64 dimensions');
    } else if (field.kind === 'number') {
      if (field.number === 2) type = Number(field.value);
      else if (field.number === 14) outside = field.value === 1n;
    } else if (field.number === 8) {
      name = textAt(cursor, field, 'the name of a tensor');
    } else if (field.number === 9) {
      raw = field.end - field.at;
    } else if (field.number === 13) {
      const [key, value] = readPair(cursor, field.end, found.left);
      if (!externalKeys.has(key)) {
        refuse(
          'external-data',
          `a tensor in another file has a property ${JSON.stringify(key.slice(0, 40))}`,
        );
      }
      if (external.has(key)) refuse('external-data', `a tensor says twice what its ${key} is`);
      external.set(key, value);
    } else if (field.number > 16) {
      unknown(field, 'a tensor');
    }
  }
  const what = name === '' ? 'a tensor' : `the tensor ${JSON.stringify(name.slice(0, 80))}`;
  const known = elementBits[type];
  if (!known) refuse('tensor-type', `${what} is of type ${type}, which ONNX does not have`);
  let elements = 1n;
  for (const dim of dims) {
    if (dim < 0n) refuse('tensor-shape', `${what} has a dimension of ${dim}`);
    elements *= dim;
    if (elements > maxElements) refuse('tensor-shape', `${what} has more elements than any file holds`);
  }
  const bytes = Number((elements * BigInt(known[1]) + 7n) / 8n);
  if (raw !== null && known[1] !== 0 && raw !== bytes) {
    refuse('tensor-bounds', `${what} has ${raw} bytes, and its shape asks for ${bytes}`);
  }
  if (outside || external.size > 0) checkExternal(external, bytes, what, found);
  if (!isWeight) return;
  found.parameters += Number(elements);
  found.weights.set(known[0], (found.weights.get(known[0]) ?? 0) + Number(elements));
  if (/position_embeddings/.test(name) && dims.length === 2) found.positions = Number(dims[0]);
}

const maxElements = 2n ** 50n;

/** What onnx.proto3 lets a tensor say of another file; readers that take more made attributes of it. */
const externalKeys: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum']);

/** Weights in another file: only one beside the model, and only a range that is as long as the tensor. */
function checkExternal(
  external: ReadonlyMap<string, string>,
  bytes: number,
  what: string,
  found: Found,
): void {
  const path = external.get('location');
  if (path === undefined) refuse('external-data', `${what} lies in another file, and its name is missing`);
  const broken = 'this file was made to read other files of yours: delete it';
  if (/^[/\\]|^[a-z]:/i.test(path)) {
    refuse(
      'external-data',
      `${what} would be read from ${JSON.stringify(path.slice(0, 200))}, outside the model`,
      broken,
    );
  }
  const parts = path.split('/');
  if (path.includes('\\') || parts.some((part) => part === '..' || part === '.' || part === '')) {
    refuse(
      'external-data',
      `${what} would be read from ${JSON.stringify(path.slice(0, 200))}, outside the model`,
      broken,
    );
  }
  if (path.length > 255 || /[^\x20-\x7e]/.test(path))
    refuse('external-data', `${what} lies in a file of an odd name`);
  const offset = wholeNumber(external.get('offset') ?? '0', what);
  const length = wholeNumber(external.get('length') ?? String(bytes), what);
  if (length !== bytes)
    refuse('external-data', `${what} has ${length} bytes in ${path}, and its shape asks for ${bytes}`);
  found.external.set(path, Math.max(found.external.get(path) ?? 0, offset + length));
  if (found.external.size > 1_000) refuse('limit', 'the model lies in more than 1,000 files');
}

function wholeNumber(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text))
    refuse('external-data', `${what} lies at ${JSON.stringify(text.slice(0, 40))}`);
  return Number(text);
}

function readPair(cursor: Cursor, end: number, left: Budget): [key: string, value: string] {
  let key = '';
  let value = '';
  for (const field of fields(cursor, end, left)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) key = textAt(cursor, field, 'a key');
    if (field.number === 2) value = textAt(cursor, field, 'a value');
  }
  return [key, value];
}

/** ValueInfoProto: its name, and the last dimension of its shape where that is a number. */
function readValue(cursor: Cursor, end: number, left: Budget): { name: string; last: number | null } {
  let name = '';
  let last: number | null = null;
  for (const field of fields(cursor, end, left)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) name = textAt(cursor, field, 'the name of a value');
    // TypeProto → tensor_type → shape → dim → dim_value
    if (field.number === 2) last = lastDimension(cursor, field.end, left, [1, 2]);
  }
  return { name, last };
}

function lastDimension(cursor: Cursor, end: number, left: Budget, path: readonly number[]): number | null {
  let last: number | null = null;
  for (const field of fields(cursor, end, left)) {
    if (field.kind !== 'bytes') continue;
    if (path.length > 0) {
      if (field.number === path[0]) last = lastDimension(cursor, field.end, left, path.slice(1));
    } else if (field.number === 1) {
      last = null;
      for (const dim of fields(cursor, field.end, left)) {
        if (dim.number === 1 && dim.kind === 'number' && dim.value < 2n ** 31n) last = Number(dim.value);
      }
    }
  }
  return last;
}

function factsOf(found: Found): GateFacts {
  const capabilities: ModelCapability[] = [];
  const readsTokens = found.inputs.includes('input_ids');
  const names = found.outputs.map(({ name }) => name);
  const embedding = found.outputs.find(({ name }) =>
    ['sentence_embedding', 'last_hidden_state', 'token_embeddings', 'embeddings', 'text_embeds'].includes(
      name,
    ),
  );
  const scores = found.outputs.find(({ name }) => name === 'logits');
  if (readsTokens && scores?.last === 1) capabilities.push('rerank');
  else if (readsTokens && embedding && !names.some((name) => name.startsWith('present')))
    capabilities.push('embedding');
  const quantisation = [...found.weights].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'unknown';
  return {
    format: 'onnx',
    architecture: readsTokens && found.inputs.includes('token_type_ids') ? 'bert' : 'onnx',
    parameters: found.parameters,
    quantisation,
    contextLength: found.positions || 512,
    embeddingLength: embedding?.last || null,
    capabilities,
    chatTemplate: null,
    split: null,
    role: 'weights',
    name: null,
    licence: null,
    pooling: null,
    tensors: found.tensors,
    splitTensors: null,
    externalData: [...found.external].map(([path, bytes]) => ({ path, bytes })),
  };
}
