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
 * What a GGUF model can do, from its architecture, how it pools, its chat template and its vocabulary.
 *
 * A template that lists tools calls them, and one that opens a thought thinks: what llama-server's own reading of
 * templates amounts to (common/chat.cpp), without running the template.
 */
export function capabilitiesOf(header: GgufHeader): ModelCapability[] {
  const { metadata, tensors } = header;
  const role = roleOf(header);
  if (role === 'adapter') return [];
  if (role === 'projector') {
    const has = (encoder: string, prefix: string): boolean => {
      const said = metadata.get(`clip.has_${encoder}_encoder`);
      return (said?.type === 'bool' && said.value) || tensors.some(({ name }) => name.startsWith(prefix));
    };
    return [
      ...(has('vision', 'v.') ? (['vision'] as const) : []),
      ...(has('audio', 'a.') ? (['audio'] as const) : []),
    ];
  }
  const architecture = textOf(metadata, 'general.architecture') ?? '';
  const pooled = integerOf(metadata, `${architecture}.pooling_type`);
  // Older conversions of rerankers do not say how they pool; they are known by the head that makes one score of a pair.
  const head = tensors.some(({ name }) => name === 'cls.output.weight');
  if (pooled === pooling.rank || (pooled === null && head && embedders.has(architecture))) return ['rerank'];
  if (embedders.has(architecture) || (pooled !== null && pooled >= pooling.mean && pooled <= pooling.last)) {
    return ['embedding'];
  }
  const able = fromTemplate(
    textOf(metadata, 'tokenizer.chat_template'),
    metadata.has('tokenizer.chat_template.tool_use'),
  );
  return fillsGaps(header) ? [...able, 'insert'] : able;
}

/**
 * Whether the model was trained to write what is missing between two texts. All of a family may share a vocabulary that marks
 * gaps, as Qwen's do, and only those for code have learnt what the marks mean; they say so in their names.
 */
function fillsGaps({ metadata, vocabulary }: GgufHeader): boolean {
  const names = ['general.architecture', 'general.name', 'general.basename'];
  return vocabulary.marksGaps && names.some((key) => /cod(?:e|ing)/i.test(textOf(metadata, key) ?? ''));
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
