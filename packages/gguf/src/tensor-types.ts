/**
 * Tensor types of the llama.cpp that Nanite ships: the git bundle in npm's node-llama-cpp 3.22.1 (packages/llama/sources.json),
 * ggml 0.x with GGML_TYPE_COUNT 43. Read out of the library that is built from it (ggml_type_name, ggml_blck_size,
 * ggml_type_size), and compared with it by tests/packages/tensor-types.test.ts: a newer llama.cpp cannot drift away.
 */
export interface TensorType {
  name: string;
  /** Elements of one block. */
  block: number;
  /** Bytes of one block. */
  bytes: number;
}

const known: ReadonlyArray<readonly [id: number, name: string, block: number, bytes: number]> = [
  [0, 'F32', 1, 4],
  [1, 'F16', 1, 2],
  [2, 'Q4_0', 32, 18],
  [3, 'Q4_1', 32, 20],
  [6, 'Q5_0', 32, 22],
  [7, 'Q5_1', 32, 24],
  [8, 'Q8_0', 32, 34],
  [10, 'Q2_K', 256, 84],
  [11, 'Q3_K', 256, 110],
  [12, 'Q4_K', 256, 144],
  [13, 'Q5_K', 256, 176],
  [14, 'Q6_K', 256, 210],
  [16, 'IQ2_XXS', 256, 66],
  [17, 'IQ2_XS', 256, 74],
  [18, 'IQ3_XXS', 256, 98],
  [19, 'IQ1_S', 256, 50],
  [20, 'IQ4_NL', 32, 18],
  [21, 'IQ3_S', 256, 110],
  [22, 'IQ2_S', 256, 82],
  [23, 'IQ4_XS', 256, 136],
  [24, 'I8', 1, 1],
  [25, 'I16', 1, 2],
  [26, 'I32', 1, 4],
  [27, 'I64', 1, 8],
  [28, 'F64', 1, 8],
  [29, 'IQ1_M', 256, 56],
  [30, 'BF16', 1, 2],
  [34, 'TQ1_0', 256, 54],
  [35, 'TQ2_0', 256, 66],
  [39, 'MXFP4', 32, 17],
  [40, 'NVFP4', 64, 36],
  [41, 'Q1_0', 128, 18],
  [42, 'Q2_0', 64, 18],
];

export const tensorTypes: ReadonlyMap<number, TensorType> = new Map(
  known.map(([id, name, block, bytes]) => [id, { name, block, bytes }]),
);

/** Types that llama.cpp knows and no file may hold, and why. */
export const unusableTypes: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2, which llama.cpp removed in 2023'],
  [5, 'Q4_3, which llama.cpp removed in 2023'],
  // No to_float: llama.cpp makes these while computing, and would call a null pointer for a row of one.
  [9, 'Q8_1, which llama.cpp uses only while computing'],
  [15, 'Q8_K, which llama.cpp uses only while computing'],
  [31, 'Q4_0_4_4, which llama.cpp replaced by Q4_0'],
  [32, 'Q4_0_4_8, which llama.cpp replaced by Q4_0'],
  [33, 'Q4_0_8_8, which llama.cpp replaced by Q4_0'],
  [36, 'IQ4_NL_4_4, which llama.cpp replaced by IQ4_NL'],
  [37, 'IQ4_NL_4_8, which llama.cpp replaced by IQ4_NL'],
  [38, 'IQ4_NL_8_8, which llama.cpp replaced by IQ4_NL'],
]);

/** `general.file_type` of a GGUF file as people name it (llama.h, enum llama_ftype). */
export const fileTypes: ReadonlyMap<number, string> = new Map(
  Object.entries({
    0: 'F32',
    1: 'F16',
    2: 'Q4_0',
    3: 'Q4_1',
    7: 'Q8_0',
    8: 'Q5_0',
    9: 'Q5_1',
    10: 'Q2_K',
    11: 'Q3_K_S',
    12: 'Q3_K_M',
    13: 'Q3_K_L',
    14: 'Q4_K_S',
    15: 'Q4_K_M',
    16: 'Q5_K_S',
    17: 'Q5_K_M',
    18: 'Q6_K',
    19: 'IQ2_XXS',
    20: 'IQ2_XS',
    21: 'Q2_K_S',
    22: 'IQ3_XS',
    23: 'IQ3_XXS',
    24: 'IQ1_S',
    25: 'IQ4_NL',
    26: 'IQ3_S',
    27: 'IQ3_M',
    28: 'IQ2_S',
    29: 'IQ2_M',
    30: 'IQ4_XS',
    31: 'IQ1_M',
    32: 'BF16',
    36: 'TQ1_0',
    37: 'TQ2_0',
    38: 'MXFP4',
    39: 'NVFP4',
    40: 'Q1_0',
    41: 'Q2_0',
  }).map(([id, name]) => [Number(id), name]),
);
