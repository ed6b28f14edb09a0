import type { CreateRequest, ModelManifest } from '@nanite/contracts';

/** A file of a model in another program's store. */
export interface FoundFile {
  role: ModelManifest['files'][number]['role'];
  /** Its name as the source calls it; parts of a split GGUF keep theirs. */
  name: string;
  /** Where its bytes are, symbolic links followed. */
  path: string;
  size: number;
  /** What the other program says it hashes to; taken in only if it does. Null where it does not say. */
  sha256: string | null;
}

/** A model that another program has. */
export interface FoundModel {
  name: string;
  /** Where it came from, as far as the other program remembers. */
  source: string;
  files: FoundFile[];
  /** What the other program keeps beside the weights. */
  texts: Pick<CreateRequest, 'template' | 'system' | 'parameters' | 'license' | 'messages'>;
}

export const storeKinds = ['export', 'ollama', 'lm-studio', 'llama.cpp', 'huggingface', 'folder'] as const;
export type StoreKind = (typeof storeKinds)[number];
