/**
 * Hard limits of what a header may hold. Each is several times what the largest published model needs (noted beside it),
 * so that what is refused is hostile or broken, and what is accepted costs bounded time and memory to read.
 */
export const limits = {
  /** Bytes before the tensors' data. Vocabulary of 262,144 tokens with merges: 30 MiB. */
  headerBytes: 256 * 2 ** 20,
  /** Key-value pairs; llama.cpp compares each key with all before it. Largest seen: about 90. */
  metadataPairs: 4_096,
  /** Tensors in one file; llama.cpp compares each name with all before it. DeepSeek V3: 1,025 in 30 parts. */
  tensors: 16_384,
  keyBytes: 1_024,
  /** One string, such as a chat template or a licence. */
  stringBytes: 4 * 2 ** 20,
  /** One token of a vocabulary: llama.cpp kept its length in 32 bits (CVE-2025-49847). */
  tokenBytes: 65_536,
  chatTemplateBytes: 2 ** 20,
  /** Elements of one array. Merges of a large vocabulary: 514,906. */
  arrayElements: 4 * 2 ** 20,
  /** Elements of all arrays of a file. */
  totalArrayElements: 16 * 2 ** 20,
  /** gguf.cpp: GGML_MAX_NAME, with the ending zero. */
  tensorNameBytes: 63,
  /** gguf.cpp: GGML_MAX_DIMS. */
  dimensions: 4,
  alignment: 65_536,
  /** llama-hparams.h: LLAMA_MAX_LAYERS, the length of arrays inside llama_hparams. */
  layers: 512,
  /** llama-hparams.h: LLAMA_MAX_EXPERTS. */
  experts: 1_024,
  vocabulary: 4 * 2 ** 20,
  /** Tokens of context that a header may claim: llama.cpp holds it in 32 bits. Largest seen: 10,485,760. */
  contextLength: 2 ** 30,
  embeddingLength: 2 ** 20,
  heads: 65_536,
  splits: 1_000,
  /** Fields of all messages of an ONNX file, at any depth. Stable Diffusion XL's largest part: some 100,000. */
  protobufFields: 8_000_000,
  protobufDepth: 24,
  onnxNodes: 1_000_000,
  onnxTensors: 200_000,
} as const;
