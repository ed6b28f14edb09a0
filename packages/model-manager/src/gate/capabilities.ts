import type { ModelCapability } from '@nanite/contracts';
import { integerOf, textOf } from './gguf-metadata';
import type { GgufHeader } from './gguf';

/** Architectures that give embeddings and no text (llama-arch.cpp). */
const embedders = new Set([
  'bert',
  'modern-bert',
  'nomic-bert',
  'nomic-bert-moe',
  'neo-bert',
  'jina-bert-v2',
  'jina-bert-v3',
  'eurobert',
  'gemma-embedding',
  'llama-embed',
  't5encoder',
]);

/** llama.h, enum llama_pooling_type. */
const pooling = { rank: 4, last: 3, mean: 1 };

/** Whether the file computes with another model's weights: a projector of images or sound, or a LoRA adapter. */
export function roleOf({ metadata }: GgufHeader): 'weights' | 'projector' | 'adapter' {
  const type = textOf(metadata, 'general.type');
  if (type === 'adapter' || metadata.has('adapter.type')) return 'adapter';
  const architecture = textOf(metadata, 'general.architecture');
  return type === 'mmproj' || architecture === 'clip' ? 'projector' : 'weights';
}

/**
 * What a GGUF model can do, from its architecture, how it pools, and its chat template.
 *
 * A template that lists tools calls them, and one that opens a thought thinks: what llama-server's own reading of
 * templates amounts to (common/chat.cpp), without running the template.
 */
export function capabilitiesOf(header: GgufHeader): ModelCapability[] {
  const { metadata, tensors } = header;
  const role = roleOf(header);
  if (role === 'adapter') return [];
  if (role === 'projector') {
    const encoder = metadata.get('clip.has_vision_encoder');
    const sees =
      (encoder?.type === 'bool' && encoder.value) || tensors.some(({ name }) => name.startsWith('v.'));
    return sees ? ['vision'] : [];
  }
  const architecture = textOf(metadata, 'general.architecture') ?? '';
  const pooled = integerOf(metadata, `${architecture}.pooling_type`);
  // Older conversions of rerankers do not say how they pool; they are known by the head that makes one score of a pair.
  const head = tensors.some(({ name }) => name === 'cls.output.weight');
  if (pooled === pooling.rank || (pooled === null && head && embedders.has(architecture))) return ['rerank'];
  if (embedders.has(architecture) || (pooled !== null && pooled >= pooling.mean && pooled <= pooling.last)) {
    return ['embedding'];
  }
  return fromTemplate(
    textOf(metadata, 'tokenizer.chat_template'),
    metadata.has('tokenizer.chat_template.tool_use'),
  );
}

/** @param template Jinja, as GGUF files carry it; null for a base model */
export function fromTemplate(template: string | null, hasToolTemplate = false): ModelCapability[] {
  if (template === null || template.trim() === '') return ['completion'];
  // Only what stands inside {% %} and {{ }} is program: a system prompt that talks of tools gives none.
  const program = (template.match(/\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g) ?? [])
    .join('\n')
    .replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, (text) =>
      /^.(?:tools|tool_calls|tool).$/.test(text) ? text : "''",
    );
  const tools = hasToolTemplate || /\btools\b/.test(program) || /\btool_calls\b/.test(program);
  const thinks =
    /\b(?:enable_thinking|thinking_budget|reasoning_content|reasoning_effort)\b/.test(program) ||
    /<think>|<\|channel\|>analysis|<seed:think>|<\|START_THINKING\|>/.test(template);
  return [
    'completion',
    'chat',
    ...(tools ? (['tools'] as const) : []),
    ...(thinks ? (['thinking'] as const) : []),
  ];
}
