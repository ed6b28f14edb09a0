import { badModelfile, type Command } from './commands';

type Value = number | boolean | string | string[];

/** Parameters of Ollama's API (ollama, api/types.go: Options and Runner) by the type of their value. */
const types: Record<string, 'integer' | 'number' | 'boolean' | 'strings'> = {
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  top_k: 'integer',
  repeat_last_n: 'integer',
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  num_thread: 'integer',
  top_p: 'number',
  min_p: 'number',
  typical_p: 'number',
  temperature: 'number',
  repeat_penalty: 'number',
  presence_penalty: 'number',
  frequency_penalty: 'number',
  use_mmap: 'boolean',
  stop: 'strings',
};

/** What Ollama has given up and takes without effect: old Modelfiles still say it. */
const without = new Set([
  'mirostat',
  'mirostat_eta',
  'mirostat_tau',
  'penalize_newline',
  'low_vram',
  'f16_kv',
  'logits_all',
  'vocab_only',
  'use_mlock',
  'tfs_z',
  'num_gqa',
  'numa',
]);

/**
 * The PARAMETER lines as values; `stop` may be there several times.
 *
 * @throws NaniteError `bad-modelfile` for an unknown name or a value of another type
 */
export function readParameters(commands: readonly Command[]): Record<string, Value> {
  const parameters: Record<string, Value> = {};
  for (const { key, value, line } of commands.filter(({ name }) => name === 'parameter')) {
    const name = key!.toLowerCase();
    if (without.has(name)) continue;
    const type = types[name];
    if (!type)
      throw badModelfile(line, `there is no parameter ${key}`, `there are ${Object.keys(types).join(', ')}`);
    if (type === 'strings') {
      parameters[name] = [...((parameters[name] as string[] | undefined) ?? []), value];
    } else if (type === 'boolean') {
      if (!/^(?:true|false|1|0|t|f)$/i.test(value)) throw badModelfile(line, `${key} is true or false`);
      parameters[name] = /^(?:true|1|t)$/i.test(value);
    } else {
      const number = Number(value);
      if (value === '' || !Number.isFinite(number))
        throw badModelfile(line, `${key} is a number, not ${value}`);
      // As Ollama does: digits behind the point of a whole number are cut off.
      parameters[name] = type === 'integer' ? Math.trunc(number) : number;
    }
  }
  return parameters;
}
