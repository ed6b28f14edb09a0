import type { GatewayClient, OllamaChatRequest, OllamaChatResponse, OllamaOptions } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { cliSettings } from '../cli-settings';
import { exitStatus } from '../exit-status';
import { gateway } from '../gateway-address';
import { chooseModel } from '../model-choice';
import { report } from '../report';
import { paint } from '../terminal/paint';
import { showProgress, summary } from '../terminal/progress';
import { sanitise } from '../terminal/sanitise';
import type { WordWrap } from '../terminal/word-wrap';
import type { AnswerSchema } from './answer-schema';
import { messagesOf } from './question';
import { hasPipedInput, readAttachment, readPipedInput } from './read-input';
import { RepetitionWatch } from './repetition';

/** Options of `nanite ask`, as the command table gives them. */
export interface AskOptions {
  model?: string;
  system?: string;
  file: string[];
  stdin: boolean;
  /** Answer from the person's own files. */
  knowledge?: boolean;
  team?: boolean;
  own?: boolean;
  collection: string[];
  json?: boolean;
  schema?: string;
  stream: boolean;
  temperature?: number;
  seed?: number;
  maxTokens?: number;
  context?: number;
  stop: string[];
  keepAlive?: string | number;
  think?: boolean | 'low' | 'medium' | 'high';
}

/** What `nanite ask --json` prints. Durations in milliseconds. */
export interface AskResult {
  model: string;
  answer: string;
  /** With --schema: the answer as a value. */
  value?: unknown;
  thinking?: string;
  /** `stop`: the model ended; `length`: cut off at a limit of tokens or the end of the context; `loop`: it repeated itself. */
  finish: string;
  tokens: { prompt: number | null; answer: number | null };
  timings: {
    total: number | null;
    load: number | null;
    prompt: number | null;
    answer: number | null;
    tokensPerSecond: number | null;
  };
}

const ms = (nanoseconds: number | undefined): number | null =>
  nanoseconds === undefined ? null : Math.round(nanoseconds / 1e3) / 1e3;

function resultOf(answer: string, thinking: string, last: OllamaChatResponse, loops: boolean): AskResult {
  const { eval_count: count, eval_duration: duration } = last;
  return {
    model: last.model,
    answer,
    ...(thinking !== '' && { thinking }),
    finish: loops ? 'loop' : (last.done_reason ?? 'stop'),
    tokens: { prompt: last.prompt_eval_count ?? null, answer: count ?? null },
    timings: {
      total: ms(last.total_duration),
      load: ms(last.load_duration),
      prompt: ms(last.prompt_eval_duration),
      answer: ms(duration),
      tokensPerSecond: count && duration ? Math.round((count * 1e10) / duration) / 10 : null,
    },
  };
}

function samplingOf(options: AskOptions, temperature: number | null): OllamaOptions {
  const chosen = options.temperature ?? temperature;
  return {
    ...(chosen !== null && { temperature: chosen }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.maxTokens !== undefined && { num_predict: options.maxTokens }),
    ...(options.context !== undefined && { num_ctx: options.context }),
    ...(options.stop.length > 0 && { stop: options.stop }),
  };
}

/**
 * `nanite ask`: one question, one answer on standard output.
 *
 * @returns the exit status
 */
export async function ask(words: string[], options: AskOptions): Promise<number> {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort());
  try {
    if (options.knowledge ?? options.team ?? options.own ?? options.collection.length > 0) {
      return await fromFiles(words, options, abort.signal);
    }
    return await answer(words, options, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) {
      if (process.stderr.isTTY) process.stderr.write('\n');
      return exitStatus.interrupted;
    }
    // Loaded only now: an answer does not wait for what breaks the lines of an error.
    const { wrapped } = await import('../terminal/wrapped');
    return report(error, options.json, wrapped);
  }
}

/** `nanite ask --knowledge`: what the question is asked with is nanite-rag's to decide. */
async function fromFiles(words: string[], options: AskOptions, signal: AbortSignal): Promise<number> {
  if (options.file.length > 0 || options.schema !== undefined) {
    throw new NaniteError('usage', '--knowledge cannot be combined with --file or --schema');
  }
  const question = words.length > 0 ? words.join(' ') : hasPipedInput() ? await readPipedInput(() => {}) : '';
  if (question.trim() === '') throw new NaniteError('usage', 'say what you want to know');
  const { askKnowledge } = await import('../knowledge/ask');
  const { toldOfKnowledge } = await import('../knowledge/service');
  const { collection: collections, json = false, model, team, own } = options;
  return toldOfKnowledge(json, () =>
    askKnowledge(question, { collections, json, team, own, ...(model && { model }) }, signal),
  );
}

async function answer(words: string[], options: AskOptions, signal: AbortSignal): Promise<number> {
  const settings = cliSettings();
  const files = options.file.map(readAttachment);
  const piped =
    options.stdin && hasPipedInput()
      ? await readPipedInput(() =>
          process.stderr.write('nanite: reading standard input; --no-stdin ignores it\n'),
        )
      : null;
  const messages = messagesOf({
    words: words.join(' '),
    piped,
    files,
    system: options.system ?? settings.system,
  });
  const schema: AnswerSchema | null =
    options.schema === undefined ? null : (await import('./answer-schema')).readAnswerSchema(options.schema);

  const client = gateway();
  const model = await chooseModel(client, options.model, settings.model, signal);
  const request: OllamaChatRequest = {
    model,
    messages,
    options: samplingOf(options, settings.temperature),
    ...(schema !== null && { format: schema.schema }),
    ...(options.think !== undefined && { think: options.think }),
  };
  const keepAlive = options.keepAlive ?? settings.keepAlive;
  if (keepAlive !== null) request.keep_alive = keepAlive;

  // A checked answer is shown only once it is whole and right.
  const streams = options.stream && !options.json && schema === null;
  const onTerminal = process.stdout.isTTY === true;
  const clean = onTerminal ? sanitise : (text: string) => text;
  // Loaded while the model is already at work.
  const wrapping = streams && onTerminal ? import('../terminal/word-wrap') : null;
  let wrap: WordWrap | null = null;
  const { dim } = paint(process.stderr);
  const progress = showProgress(model, streams && onTerminal);
  // Whoever says how long an answer may be may want the same line a hundred times.
  const repetition = options.maxTokens === undefined ? new RepetitionWatch() : null;
  let loops = false;
  let text = '';
  let thinking = '';
  let last: OllamaChatResponse | undefined;
  try {
    for await (const chunk of client.chat(request, signal)) {
      last = chunk;
      const thought = chunk.message.thinking ?? '';
      const piece = chunk.message.content;
      if (thought === '' && piece === '') continue;
      progress.piece();
      if (thought !== '' && streams && onTerminal && process.stderr.isTTY) {
        process.stderr.write(dim(sanitise(thought)));
      }
      if (thinking !== '' && text === '' && piece !== '' && streams && onTerminal && process.stderr.isTTY) {
        process.stderr.write('\n\n');
      }
      thinking += thought;
      text += piece;
      if (streams && piece !== '') {
        if (wrapping === null) process.stdout.write(piece);
        else {
          wrap ??= new (await wrapping).WordWrap(process.stdout);
          wrap.write(clean(piece));
        }
      }
      loops = repetition?.add(thought + piece) ?? false;
      if (loops) break;
    }
  } catch (error) {
    const { explainOverflow } = await import('./cut-off');
    const { explainMissing } = await import('../models/missing-model');
    const about = { client, model, files: options.file, piped: piped !== null };
    throw await explainMissing(await explainOverflow(error, about), model);
  } finally {
    progress.stop();
    wrap?.end();
    // After Ctrl-C the line is ended where that is told: on standard error, if it is the terminal as well.
    const isEnded = signal.aborted && process.stderr.isTTY;
    if (streams && text !== '' && !text.endsWith('\n') && onTerminal && !isEnded) process.stdout.write('\n');
  }
  if (last === undefined) return exitStatus.error;

  const value = schema?.check(text);
  if (options.json) {
    const result = resultOf(text, thinking, last, loops);
    process.stdout.write(`${JSON.stringify(schema === null ? result : { ...result, value }, null, 2)}\n`);
  } else if (!streams) {
    process.stdout.write(clean(text.endsWith('\n') ? text : `${text}\n`));
  } else if (!onTerminal && !text.endsWith('\n')) {
    process.stdout.write('\n');
  }
  const note = loops ? 'stopped: it repeats itself' : await cutOffNote(client, last, options);
  if (note !== null && !options.json) process.stderr.write(`nanite: ${note}\n`);
  if (process.stderr.isTTY && !options.json && !loops) process.stderr.write(`${summary(last)}\n`);
  return exitStatus.ok;
}

/** Why the answer ends where it does; null where the model ended it, or a script that set the limit knows. */
async function cutOffNote(
  client: GatewayClient,
  last: OllamaChatResponse,
  { maxTokens, json }: AskOptions,
): Promise<string | null> {
  if (last.done_reason !== 'length' || json || (maxTokens !== undefined && !process.stderr.isTTY))
    return null;
  const { whyCutOff } = await import('./cut-off');
  return whyCutOff(client, last, maxTokens ?? null, '--context sets a longer one, if the model has it');
}
