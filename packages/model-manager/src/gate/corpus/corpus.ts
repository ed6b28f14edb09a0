import type { RefusalReason } from '../refusal';
import { ggufFile } from '@nanite/gguf';
import { tinyLlama, tinyTensor, tinyWith } from './tiny-llama';
import { externalTensor, message, onnxFile } from './onnx-file';

/** One file of the corpus, made by code: small, and the same each time. */
export interface Entry {
  name: string;
  /** Where the fault was found, or null for one that needs no address. */
  source: string | null;
  /** What the gate answers; null where it lets the file through. */
  reason: RefusalReason | null;
  bytes(): Buffer;
}

const llama = 'github.com/ggml-org/llama.cpp';

/** Files that must pass: the ground on which mutations grow. */
export const sound: Entry[] = [
  { name: 'tiny llama', source: null, reason: null, bytes: () => ggufFile(tinyLlama()) },
  {
    name: 'tiny llama, GGUF 2',
    source: null,
    reason: null,
    bytes: () => ggufFile({ ...tinyLlama(), version: 2 }),
  },
  {
    name: 'alignment of 64',
    source: null,
    reason: null,
    bytes: () => ggufFile(tinyWith({ 'general.alignment': { type: 'u32', value: 64 } }, { alignment: 64 })),
  },
  {
    name: 'first part of two, without tensors',
    source: null,
    reason: null,
    bytes: () =>
      ggufFile(
        tinyWith(
          {
            'split.no': { type: 'u16', value: 0 },
            'split.count': { type: 'u16', value: 2 },
            'split.tensors.count': { type: 'i32', value: 21 },
          },
          { tensors: [] },
        ),
      ),
  },
  {
    name: 'LoRA adapter',
    source: null,
    reason: null,
    bytes: () =>
      ggufFile({
        metadata: [
          ['general.architecture', { type: 'string', value: 'llama' }],
          ['general.type', { type: 'string', value: 'adapter' }],
          ['adapter.type', { type: 'string', value: 'lora' }],
          ['adapter.lora.alpha', { type: 'f32', value: 16 }],
        ],
        tensors: [
          { name: 'blk.0.attn_q.weight.lora_a', shape: [32, 4], type: 0 },
          { name: 'blk.0.attn_q.weight.lora_b', shape: [4, 32], type: 0 },
        ],
      }),
  },
  { name: 'ONNX', source: null, reason: null, bytes: () => onnxFile() },
  {
    name: 'ONNX with weights beside it',
    source: null,
    reason: null,
    bytes: () =>
      onnxFile({ tensors: [externalTensor({ location: 'model.onnx_data', offset: '0', length: '128' })] }),
  },
];

/**
 * Files that broke a program, by the number under which that is known. Each number was looked up in November 2026, in
 * advisories, pull requests and databases that name number and fault together; what only resembles one has no number.
 */
export const known: Entry[] = [
  {
    name: 'CVE-2026-7482: tensors that end behind the end of the file (Ollama, heap read while quantising)',
    source: 'nvd.nist.gov/vuln/detail/CVE-2026-7482',
    reason: 'truncated',
    bytes: () => ggufFile({ ...tinyLlama(), dataBytes: 64 }),
  },
  {
    name: 'CVE-2026-7482: one tensor of a shape larger than the file',
    source: 'nvd.nist.gov/vuln/detail/CVE-2026-7482',
    reason: 'truncated',
    bytes: () => ggufFile(tinyTensor(20, { shape: [32, 1_000_000] })),
  },
  {
    name: 'CVE-2025-53630: sizes of all tensors whose sum wraps around 64 bits',
    source: `${llama}/pull/14595`,
    reason: 'tensor-shape',
    bytes: () =>
      ggufFile({
        ...tinyLlama(),
        tensors: [
          { name: 'a', shape: [1n << 61n], type: 0, offset: 0n },
          { name: 'b', shape: [1n << 61n], type: 0, offset: 1n << 63n },
        ],
        dataBytes: 4096,
      }),
  },
  {
    name: 'CVE-2026-27940: memory for the tensors of a file whose size wraps when the overhead is added',
    source: `${llama}/security/advisories/GHSA-3p4r-fq3f-q74v, ${llama}/pull/19856`,
    reason: 'tensor-shape',
    bytes: () =>
      ggufFile({
        ...tinyLlama(),
        tensors: [{ name: 'a', shape: [(1n << 63n) - 512n], type: 24, offset: 0n }],
        dataBytes: 4096,
      }),
  },
  {
    name: 'CVE-2026-27940: more tensors than memory has bytes',
    source: `${llama}/security/advisories/GHSA-3p4r-fq3f-q74v, ${llama}/issues/15711`,
    reason: 'limit',
    bytes: () => ggufFile({ ...tinyLlama(), tensorCount: (1n << 63n) / 400n }),
  },
  {
    name: 'CVE-2026-33298: a row times its stride wraps, so exabytes look like megabytes',
    source: `${llama}/security/advisories/GHSA-96jg-mvhq-q7q7, ${llama}/pull/18674`,
    reason: 'tensor-shape',
    bytes: () => ggufFile(tinyTensor(0, { shape: [1024, (1n << 42n) + 1n] })),
  },
  {
    name: 'CVE-2024-21802: more dimensions than ggml has room for',
    source: 'github.com/ggml-org/ggml/pull/709',
    reason: 'tensor-shape',
    bytes: () => ggufFile(tinyTensor(0, { dimensions: 9 })),
  },
  {
    name: 'CVE-2024-21825: an array of arrays, whose elements have no size',
    source: 'github.com/ggml-org/ggml/pull/709',
    reason: 'value-type',
    bytes: () => ggufFile(tinyWith({ 'general.tags': { type: 'array', of: 'array', values: [] } })),
  },
  {
    name: 'CVE-2024-21836: number of tensors times their size wraps',
    source: 'github.com/ggml-org/ggml/pull/709',
    reason: 'limit',
    bytes: () => ggufFile({ ...tinyLlama(), tensorCount: 0x0333_3333_3333_3334n }),
  },
  {
    name: 'CVE-2024-23496: length of a string plus one wraps to zero',
    source: 'github.com/ggml-org/ggml/pull/709',
    reason: 'limit',
    bytes: () =>
      ggufFile(
        tinyWith({
          'general.description': {
            type: 'array',
            of: 'u64',
            values: [0xffff_ffff_ffff_ffffn],
            count: 0xffff_ffff_ffff_ffffn,
          },
        }),
      ),
  },
  {
    name: 'CVE-2024-23605: number of pairs times their size wraps',
    source: 'github.com/ggml-org/ggml/pull/709',
    reason: 'limit',
    bytes: () => ggufFile({ ...tinyLlama(), pairCount: 0x0555_5555_5555_5556n }),
  },
  {
    name: 'CVE-2025-49847: a token longer than its length can be counted',
    source: 'github.com/ggml-org/llama.cpp/security/advisories/GHSA-8wwf-w4qm-gpqr',
    reason: 'limit',
    bytes: () =>
      ggufFile(
        tinyWith({ 'tokenizer.ggml.tokens': { type: 'array', of: 'string', values: ['a'.repeat(70_000)] } }),
      ),
  },
  {
    name: 'layers beyond the arrays of llama_hparams',
    source: `${llama}/pull/25821`,
    reason: 'limit',
    bytes: () => ggufFile(tinyWith({ 'llama.block_count': { type: 'u32', value: 513 } })),
  },
  {
    name: 'layers of a part beyond those of the model',
    source: `${llama}/pull/26892`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(
        tinyWith({
          'general.architecture': { type: 'string', value: 'wavtokenizer-dec' },
          'wavtokenizer-dec.block_count': { type: 'u32', value: 1 },
          'wavtokenizer-dec.posnet.block_count': { type: 'u32', value: 7 },
        }),
      ),
  },
  {
    name: 'scores of tokens in bytes, read as floats',
    source: `${llama}/pull/26690`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(
        tinyWith({
          'tokenizer.ggml.scores': { type: 'array', of: 'u8', values: Array.from({ length: 256 }, () => 0) },
        }),
      ),
  },
  {
    name: 'fewer scores than tokens',
    source: `${llama}/pull/20735`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(tinyWith({ 'tokenizer.ggml.scores': { type: 'array', of: 'f32', values: [0, 0] } })),
  },
  {
    name: 'suppressed tokens in bytes, read as numbers',
    source: `${llama}/issues/24888`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(tinyWith({ 'tokenizer.ggml.suppress_tokens': { type: 'array', of: 'u8', values: [1] } })),
  },
  {
    name: 'a table of characters shorter than its own length',
    source: `${llama}/pull/25258`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(
        tinyWith({ 'tokenizer.ggml.precompiled_charsmap': { type: 'array', of: 'u8', values: [1, 2] } }),
      ),
  },
  {
    name: 'a table of characters that claims more than it has',
    source: `${llama}/pull/25258`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(
        tinyWith({
          'tokenizer.ggml.precompiled_charsmap': {
            type: 'array',
            of: 'u8',
            values: [255, 255, 255, 127, 0, 0],
          },
        }),
      ),
  },
  {
    name: 'PLaMo-2: the byte token <0x-1>, used as an index',
    source: `${llama}/issues/27226`,
    reason: 'metadata',
    bytes: () =>
      ggufFile(
        tinyWith({
          'tokenizer.ggml.model': { type: 'string', value: 'plamo2' },
          'tokenizer.ggml.tokens': {
            type: 'array',
            of: 'string',
            values: [...Array.from({ length: 255 }, (_, at) => `t${at}`), '<0x-1>'],
          },
        }),
      ),
  },
  {
    name: 'an array of 2^63 elements, over which a reader loops',
    source: `${llama}/pull/27188`,
    reason: 'limit',
    bytes: () =>
      ggufFile(tinyWith({ 'general.tags': { type: 'array', of: 'string', values: [], count: 1n << 63n } })),
  },
  {
    name: 'a part number of the wrong width, which ends the process',
    source: `${llama}/blob/master/ggml/src/gguf.cpp`,
    reason: 'split',
    bytes: () =>
      ggufFile(tinyWith({ 'split.no': { type: 'u32', value: 0 }, 'split.count': { type: 'u16', value: 2 } })),
  },
  {
    name: 'ONNX weights from an absolute path',
    source: 'github.com/onnx/onnx/issues/3991',
    reason: 'external-data',
    bytes: () => onnxFile({ tensors: [externalTensor({ location: '/etc/passwd', length: '128' })] }),
  },
  {
    name: 'CVE-2024-27318: ONNX weights from above the model, by way of a folder in it',
    source: 'github.com/advisories/GHSA-whh8-fjgc-qp73',
    reason: 'external-data',
    bytes: () =>
      onnxFile({ tensors: [externalTensor({ location: 'weights/../../../etc/passwd', length: '128' })] }),
  },
  {
    name: 'CVE-2022-25882: ONNX weights from above the model',
    source: 'nvd.nist.gov/vuln/detail/CVE-2022-25882, github.com/onnx/onnx/issues/3991',
    reason: 'external-data',
    bytes: () => onnxFile({ tensors: [externalTensor({ location: '../../../etc/passwd', length: '128' })] }),
  },
  {
    name: 'CVE-2026-27489: ONNX weights from above the model, by a path that begins inside (a link of the same kind: together.ts)',
    source: 'nvd.nist.gov/vuln/detail/CVE-2026-27489, github.com/onnx/onnx/pull/7717',
    reason: 'external-data',
    bytes: () =>
      onnxFile({ tensors: [externalTensor({ location: 'junk/../../sensitive_file', length: '128' })] }),
  },
  ...(
    [
      ['a key that becomes an attribute of an object', { __class__: 'x' }],
      ['a folder of its own to read from', { basepath: '/etc' }],
      ['an offset before the file', { offset: '-1' }],
      ['a length that is not a number', { length: '9'.repeat(400) }],
    ] as const
  ).map(([what, entry]): Entry => ({
    name: `ONNX weights outside, with ${what}`,
    // Attribute injection and exhaustion. The pull request names no CVE; CVE-2026-34445 was not found in what can be searched here.
    source: 'github.com/onnx/onnx/pull/7751',
    reason: 'external-data',
    bytes: () =>
      onnxFile({ tensors: [externalTensor({ location: 'weights.bin', length: '128', ...entry })] }),
  })),
];

/** Broken in ways that need no discoverer. */
export const broken: Entry[] = [
  ...entries({
    'a file of two bytes': ['not-a-model', () => Buffer.from('GG')],
    empty: ['empty', () => Buffer.alloc(0)],
    'magic alone': ['truncated', () => Buffer.from('GGUF')],
    'GGUF 1': ['version', () => ggufFile({ ...tinyLlama(), version: 1 })],
    'GGUF 4': ['version', () => ggufFile({ ...tinyLlama(), version: 4 })],
    'big-endian': ['version', () => ggufFile({ ...tinyLlama(), version: 0x0300_0000 })],
    'a value type that is not': [
      'value-type',
      () => ggufFile(tinyWith({ x: { type: 'u8', value: 0 } }, {}, withType(13))),
    ],
    'a negative value type': ['value-type', () => ggufFile(tinyWith({}, {}, withType(-1)))],
    'one key twice': [
      'duplicate',
      () =>
        ggufFile({
          ...tinyLlama(),
          metadata: [...tinyLlama().metadata, ['general.name', { type: 'string', value: 'b' }]],
        }),
    ],
    'one tensor twice': ['duplicate', () => ggufFile(tinyTensor(2, { name: 'token_embd.weight' }))],
    'a tensor without a name': ['metadata', () => ggufFile(tinyTensor(2, { name: '' }))],
    'a long name of a tensor': ['limit', () => ggufFile(tinyTensor(2, { name: 'a'.repeat(64) }))],
    'a zero in a name': ['string', () => ggufFile(tinyTensor(2, { name: 'a\0b' }))],
    'a key without a name': [
      'metadata',
      () => ggufFile({ ...tinyLlama(), metadata: [['', { type: 'u8', value: 1 }], ...tinyLlama().metadata] }),
    ],
    'no architecture': ['metadata', () => ggufFile(tinyWith({ 'general.architecture': null }))],
    'an architecture with a path': [
      'metadata',
      () => ggufFile(tinyWith({ 'general.architecture': { type: 'string', value: '../x' } })),
    ],
    'text that is not UTF-8': [
      'string',
      () => ggufFile(tinyWith({ 'general.name': { type: 'string', value: Buffer.from([0xff, 0xfe]) } })),
    ],
    'a truth value of 7': [
      'metadata',
      () => ggufFile(tinyWith({ 'tokenizer.ggml.add_bos_token': { type: 'bool', value: 7 } })),
    ],
    'alignment of 0': [
      'alignment',
      () => ggufFile(tinyWith({ 'general.alignment': { type: 'u32', value: 0 } })),
    ],
    'alignment of 48': [
      'alignment',
      () => ggufFile(tinyWith({ 'general.alignment': { type: 'u32', value: 48 } })),
    ],
    'alignment of 2^31': [
      'alignment',
      () => ggufFile(tinyWith({ 'general.alignment': { type: 'u32', value: 2 ** 31 } })),
    ],
    'alignment as text': [
      'alignment',
      () => ggufFile(tinyWith({ 'general.alignment': { type: 'string', value: '32' } })),
    ],
    'an offset off the grid': ['tensor-bounds', () => ggufFile(tinyTensor(1, { offset: 8705n }))],
    'an offset onto another tensor': ['tensor-bounds', () => ggufFile(tinyTensor(1, { offset: 0n }))],
    'an offset of 2^64 - 32': ['tensor-bounds', () => ggufFile(tinyTensor(1, { offset: (1n << 64n) - 32n }))],
    'no dimension': ['tensor-shape', () => ggufFile(tinyTensor(1, { shape: [] }))],
    'a dimension of 0': ['tensor-shape', () => ggufFile(tinyTensor(1, { shape: [0, 5] }))],
    'a negative dimension': ['tensor-shape', () => ggufFile(tinyTensor(1, { shape: [-1n] }))],
    'a row that is not a whole block': ['tensor-shape', () => ggufFile(tinyTensor(0, { shape: [33, 2] }))],
    'a type that was removed': ['tensor-type', () => ggufFile(tinyTensor(0, { type: 4 }))],
    'a type of computing only': ['tensor-type', () => ggufFile(tinyTensor(0, { type: 15 }))],
    'a type to come': ['tensor-type', () => ggufFile(tinyTensor(0, { type: 43 }))],
    'a negative type': ['tensor-type', () => ggufFile(tinyTensor(0, { type: -1 }))],
    'a vocabulary without tensors': ['metadata', () => ggufFile({ ...tinyLlama(), tensors: [] })],
    'experts without end': [
      'limit',
      () => ggufFile(tinyWith({ 'llama.expert_count': { type: 'u32', value: 5000 } })),
    ],
    'a layer count as text': [
      'metadata',
      () => ggufFile(tinyWith({ 'llama.block_count': { type: 'string', value: '2' } })),
    ],
    'heads for more layers than there are': [
      'limit',
      () =>
        ggufFile(
          tinyWith({
            'llama.attention.head_count': {
              type: 'array',
              of: 'u32',
              values: Array.from({ length: 600 }, () => 2),
            },
          }),
        ),
    ],
    'part 3 of 2': [
      'split',
      () =>
        ggufFile(
          tinyWith({ 'split.no': { type: 'u16', value: 2 }, 'split.count': { type: 'u16', value: 2 } }),
        ),
    ],
    'one of 60,000 parts': [
      'split',
      () =>
        ggufFile(
          tinyWith({ 'split.no': { type: 'u16', value: 0 }, 'split.count': { type: 'u16', value: 60_000 } }),
        ),
    ],
    'cut in the middle of the header': ['truncated', () => ggufFile(tinyLlama()).subarray(0, 1000)],
    'cut in the middle of the weights': ['truncated', () => ggufFile(tinyLlama()).subarray(0, -5000)],
    'ONNX without a graph': ['protobuf', () => message([1, 8], [2, 'x'])],
    'ONNX of IR version 99': ['version', () => onnxFile({ ir: 99 })],
    'ONNX of opset 99': ['version', () => onnxFile({ opset: 99 })],
    'ONNX with operators of somebody': [
      'operators',
      () => onnxFile({ nodes: [message([4, 'Run'], [7, 'com.evil.ops'])], opsets: [['com.evil.ops', 1]] }),
    ],
    'ONNX weight shorter than its shape': [
      'tensor-bounds',
      () => onnxFile({ tensors: [message([1, 1000], [1, 1000], [2, 1], [8, 'w'], [9, Buffer.alloc(4)])] }),
    ],
    'ONNX shape that wraps': [
      'tensor-shape',
      () =>
        onnxFile({
          tensors: [message([1, 1n << 40n], [1, 1n << 40n], [2, 1], [8, 'w'], [9, Buffer.alloc(4)])],
        }),
    ],
    'ONNX negative dimension': [
      'tensor-shape',
      () => onnxFile({ tensors: [message([1, -1n], [2, 1], [8, 'w'])] }),
    ],
    'ONNX element type that is not': [
      'tensor-type',
      () => onnxFile({ tensors: [message([1, 1], [2, 77], [8, 'w'])] }),
    ],
    'ONNX weights in a subfolder above': [
      'external-data',
      () => onnxFile({ tensors: [externalTensor({ location: 'a/../../b', length: '128' })] }),
    ],
    'ONNX weights by a Windows path': [
      'external-data',
      () => onnxFile({ tensors: [externalTensor({ location: 'C:\\x', length: '128' })] }),
    ],
    'ONNX weights at an offset that is none': [
      'external-data',
      () => onnxFile({ tensors: [externalTensor({ location: 'x', offset: '-1', length: '128' })] }),
    ],
    'ONNX weights of another length': [
      'external-data',
      () => onnxFile({ tensors: [externalTensor({ location: 'x', length: '4' })] }),
    ],
    'ONNX weights of no file': [
      'external-data',
      () => onnxFile({ tensors: [externalTensor({ offset: '0' })] }),
    ],
    'ONNX graphs in graphs': ['limit', () => onnxFile({ nodes: [nested(40)] })],
    'ONNX cut short': ['truncated', () => onnxFile().subarray(0, 100)],
    'PyTorch checkpoint': ['zip', () => Buffer.from('PK\x03\x04\x14\0\0\0\0\0archive/data.pkl')],
    'zip archive': ['zip', () => Buffer.from('PK\x03\x04\x14\0\0\0\0\0readme.txt')],
    'pickle, protocol 2': ['pickle', () => Buffer.from('\x80\x02cos\nsystem\n(S"id"\ntR.', 'latin1')],
    'pickle, protocol 0': ['pickle', () => Buffer.from('cos\nsystem\n(S"id"\ntR.')],
    safetensors: [
      'safetensors',
      () => {
        const header = Buffer.from('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(header.length));
        return Buffer.concat([length, header, Buffer.alloc(4)]);
      },
    ],
    'an error page': ['html', () => Buffer.from('<!DOCTYPE html><html><title>404</title></html>')],
    'a pointer of Git LFS': [
      'git-lfs-pointer',
      () => Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 4\n`),
    ],
    'an error as JSON': ['not-a-model', () => Buffer.from('{"error":"Repository not found"}')],
    'GGML of 2023': ['legacy-format', () => Buffer.from('tjgg\x03\0\0\0', 'latin1')],
    gzip: ['compressed', () => Buffer.from([0x1f, 0x8b, 8, 0, 0, 0])],
    'a program': ['not-a-model', () => Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1')],
    'a script': ['not-a-model', () => Buffer.from('#!/bin/sh\nid\n')],
  }),
];

function entries(list: Record<string, readonly [RefusalReason, () => Buffer]>): Entry[] {
  return Object.entries(list).map(([name, [reason, bytes]]) => ({ name, source: null, reason, bytes }));
}

function withType(typeId: number) {
  const base = tinyLlama();
  return {
    ...base,
    metadata: [...base.metadata, ['general.odd', { type: 'u8', value: 1, typeId }] as const],
  };
}

/** An operator with a graph with an operator with a graph … */
function nested(depth: number): Buffer {
  return depth === 0
    ? message([4, 'If'])
    : message([4, 'If'], [5, message([6, message([1, nested(depth - 1)])])]);
}

export const corpus: readonly Entry[] = [...sound, ...known, ...broken];
