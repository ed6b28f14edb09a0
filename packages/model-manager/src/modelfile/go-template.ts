import { NaniteError } from '@nanite/kit';

/**
 * A family of chat templates: what stands between the texts of a conversation, in any order, and the Jinja for it.
 *
 * No `bos_token` is written: llama.cpp puts it before the prompt where the vocabulary asks for it.
 */
interface Family {
  name: string;
  /** All that such a template says besides white space. */
  says: RegExp;
  /** What it must say to be of this family. */
  needs: readonly string[];
  jinja: string;
}

const each = (body: string, last: string) =>
  `{%- for message in messages -%}\n${body}\n{%- endfor -%}\n{%- if add_generation_prompt -%}\n${last}\n{%- endif -%}\n`;

/** A system message that has no turn of its own goes before the first question. */
const systemFirst = (separator: string) =>
  `{%- set ns = namespace(system='') -%}\n{%- for message in messages if message['role'] == 'system' -%}\n` +
  `{%- set ns.system = ns.system + message['content'] + '${separator}' -%}\n{%- endfor -%}\n`;

const families: readonly Family[] = [
  {
    name: 'chatml',
    says: /<\|im_start\|>|<\|im_end\|>|\b(?:system|user|assistant)\b/g,
    needs: ['<|im_start|>', '<|im_end|>'],
    jinja: each(
      `{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}`,
      `{{- '<|im_start|>assistant\\n' -}}`,
    ),
  },
  {
    name: 'llama3',
    says: /<\|begin_of_text\|>|<\|start_header_id\|>|<\|end_header_id\|>|<\|eot_id\|>|\b(?:system|user|assistant)\b/g,
    needs: ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
    jinja: each(
      `{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] + '<|eot_id|>' -}}`,
      `{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}`,
    ),
  },
  {
    name: 'llama2',
    says: /<<SYS>>|<<\/SYS>>|\[INST\]|\[\/INST\]|<\/?s>/g,
    needs: ['[INST]', '[/INST]', '<<SYS>>'],
    jinja:
      `{%- set ns = namespace(system='') -%}\n` +
      each(
        `{%- if message['role'] == 'system' -%}\n{%- set ns.system = '<<SYS>>\\n' + message['content'] + '\\n<</SYS>>\\n\\n' -%}\n` +
          `{%- elif message['role'] == 'user' -%}\n{{- '[INST] ' + ns.system + message['content'] + ' [/INST]' -}}\n{%- set ns.system = '' -%}\n` +
          `{%- else -%}\n{{- ' ' + message['content'] + ' ' + eos_token -}}\n{%- endif -%}`,
        '',
      ),
  },
  {
    name: 'mistral',
    says: /\[INST\]|\[\/INST\]|<\/?s>/g,
    needs: ['[INST]', '[/INST]'],
    jinja:
      systemFirst('\\n\\n') +
      each(
        `{%- if message['role'] == 'user' -%}\n{{- '[INST] ' + ns.system + message['content'] + '[/INST]' -}}\n{%- set ns.system = '' -%}\n` +
          `{%- elif message['role'] == 'assistant' -%}\n{{- ' ' + message['content'] + eos_token -}}\n{%- endif -%}`,
        '',
      ),
  },
  {
    name: 'gemma',
    says: /<start_of_turn>|<end_of_turn>|\b(?:user|model)\b/g,
    needs: ['<start_of_turn>', '<end_of_turn>', 'model'],
    jinja:
      systemFirst('\\n\\n') +
      each(
        `{%- if message['role'] == 'assistant' -%}\n{{- '<start_of_turn>model\\n' + message['content'] + '<end_of_turn>\\n' -}}\n` +
          `{%- elif message['role'] != 'system' -%}\n{{- '<start_of_turn>user\\n' + ns.system + message['content'] + '<end_of_turn>\\n' -}}\n{%- set ns.system = '' -%}\n{%- endif -%}`,
        `{{- '<start_of_turn>model\\n' -}}`,
      ),
  },
  {
    name: 'phi3',
    says: /<\|system\|>|<\|user\|>|<\|assistant\|>|<\|end\|>/g,
    needs: ['<|user|>', '<|end|>', '<|assistant|>'],
    jinja: each(
      `{{- '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' -}}`,
      `{{- '<|assistant|>\\n' -}}`,
    ),
  },
  {
    name: 'zephyr',
    says: /<\|system\|>|<\|user\|>|<\|assistant\|>|<\/s>/g,
    needs: ['<|user|>', '<|assistant|>', '</s>'],
    jinja: each(
      `{{- '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' -}}`,
      `{{- '<|assistant|>\\n' -}}`,
    ),
  },
  {
    name: 'alpaca',
    says: /### (?:System|Instruction|User|Response):/g,
    needs: ['### Instruction:', '### Response:'],
    jinja:
      systemFirst('\\n\\n') +
      each(
        `{%- if message['role'] == 'user' -%}\n{{- ns.system + '### Instruction:\\n' + message['content'] + '\\n\\n' -}}\n{%- set ns.system = '' -%}\n` +
          `{%- elif message['role'] == 'assistant' -%}\n{{- '### Response:\\n' + message['content'] + '\\n\\n' -}}\n{%- endif -%}`,
        `{{- '### Response:\\n' -}}`,
      ),
  },
  {
    name: 'vicuna',
    says: /\b(?:USER|ASSISTANT):|<\/s>/g,
    needs: ['USER:', 'ASSISTANT:'],
    jinja:
      systemFirst('\\n\\n') +
      each(
        `{%- if message['role'] == 'user' -%}\n{{- ns.system + 'USER: ' + message['content'] + '\\n' -}}\n{%- set ns.system = '' -%}\n` +
          `{%- elif message['role'] == 'assistant' -%}\n{{- 'ASSISTANT: ' + message['content'] + eos_token + '\\n' -}}\n{%- endif -%}`,
        `{{- 'ASSISTANT:' -}}`,
      ),
  },
];

/** Names of the families of Go templates that have a Jinja here. */
export const goTemplateFamilies = families.map(({ name }) => name);

/** What only walks over a conversation; anything else (tools, thoughts, text to fill in, functions) is a program. */
const plainAction =
  /^(?:if|else|else if|end|range|eq|ne|and|or|not|len|slice|\$?\w*(?: ?, ?\$?\w+)? ?:?=|[()]|"(?:system|user|assistant)?"|\d+|\$?\.(?:System|Prompt|Response|Messages|Role|Content|First)?|\$\w*)$/;

/**
 * The Jinja that says the same as a Go template of a well-known family; null for all others.
 *
 * The family is recognised by all that the template says outside its actions: a word more, and it is another template.
 */
export function recogniseGoTemplate(template: string): { family: string; jinja: string } | null {
  const actions = [...template.matchAll(/\{\{-?([^]*?)-?\}\}/g)].map(([, action = '']) => action.trim());
  if (actions.length === 0) return null;
  for (const action of actions) {
    if (action.startsWith('/*')) continue;
    const words = action.match(/"[^"]*"|[()]|\$?\w+(?: ?, ?\$?\w+)? ?:?=|[\w$.]+|\S/g) ?? [];
    if (!words.every((word) => plainAction.test(word.trim()))) return null;
  }
  if (!actions.some((action) => /\.(?:Prompt|Content)\b/.test(action))) return null;
  // Roles that an action writes stand for what the template would say there.
  const said = template.replaceAll(/\{\{-?[^]*?-?\}\}/g, ' ');
  const family = families.find(
    ({ says, needs }) =>
      needs.every((needed) => said.includes(needed)) && said.replaceAll(says, '').trim() === '',
  );
  return family ? { family: family.name, jinja: family.jinja } : null;
}

/**
 * A chat template as llama.cpp reads it.
 *
 * @throws NaniteError `unsupported-template` 422: what cannot be meant the same is not left out in silence
 */
export function jinjaFromGo(template: string): string {
  const found = recogniseGoTemplate(template);
  if (found) return found.jinja;
  throw new NaniteError(
    'unsupported-template',
    'this TEMPLATE is in the language of Go, and of no family that is known',
    {
      status: 422,
      hint: `leave it out: the model's own template is then used. Known are ${goTemplateFamilies.join(', ')}; any template in Jinja is taken`,
    },
  );
}
