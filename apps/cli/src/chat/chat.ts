import { ApiFailure, type OllamaChatResponse, type OllamaMessage } from '@nanite/contracts';
import { overflowOf, tokens, whyCutOff } from '../ask/cut-off';
import { RepetitionWatch, withoutRepetition } from '../ask/repetition';
import { cliSettings } from '../cli-settings';
import { exitStatus } from '../exit-status';
import { gateway } from '../gateway-address';
import { withModel } from '../models/missing-model';
import { chooseModel } from '../model-choice';
import { report } from '../report';
import { counted } from '../terminal/format';
import { paint } from '../terminal/paint';
import { showProgress } from '../terminal/progress';
import { sanitise } from '../terminal/sanitise';
import { WordWrap } from '../terminal/word-wrap';
import { wrapped } from '../terminal/wrapped';
import { loadConversation, saveConversation } from './conversation';
import { Entry } from './entry';
import { History } from './history';
import { slashCommand, slashCommands, type SlashName } from './slash-commands';
import { TerminalInput } from './terminal-input';

/** Options of `nanite chat`, as the command table gives them. */
export interface ChatOptions {
  model?: string;
  system?: string;
  temperature?: number;
  seed?: number;
  keepAlive?: string | number;
}

/**
 * `nanite chat`: a conversation in the terminal. Without a terminal each line is an entry, and the first failure ends
 * it.
 *
 * @returns the exit status
 */
export async function chat(file: string | undefined, options: ChatOptions): Promise<number> {
  try {
    return await new Chat(options).run(file);
  } catch (error) {
    return report(error, false, wrapped);
  }
}

class Chat {
  private readonly settings = cliSettings();
  private readonly client = gateway();
  private readonly entry = new Entry();
  private readonly history = new History(this.settings.history);
  private readonly paint = paint(process.stdout);
  private readonly input: TerminalInput;
  private modelNames: string[] = [];
  private model = '';
  private system: string | null;
  private messages: OllamaMessage[] = [];

  constructor(private readonly options: ChatOptions) {
    this.system = options.system ?? this.settings.system;
    this.input = new TerminalInput({
      history: this.history.read(),
      historySize: this.settings.history,
      complete: (line) => this.complete(line),
      onInterrupt: () => this.interruptTyping(),
    });
  }

  async run(file: string | undefined): Promise<number> {
    try {
      if (file !== undefined) this.load(file);
      this.model = await chooseModel(this.client, this.options.model, this.model || this.settings.model);
      if (this.options.model !== undefined) await this.checkedModel(this.model);
      if (this.input.isTerminal) {
        this.say(`${this.model}; /help lists the commands, Ctrl-D leaves`);
        void this.client.chatModels().then(
          (names) => (this.modelNames = names),
          // Only completion needs the names.
          () => {},
        );
      }
      for (;;) {
        const text = await this.nextEntry();
        if (text === null) return exitStatus.ok;
        if (text.trim() === '') continue;
        const status = await this.take(text);
        if (status !== null) return status;
      }
    } finally {
      this.input.close();
    }
  }

  private prompt(): string {
    return this.entry.isOpen ? this.paint.dim('... ') : this.paint.bold('>>> ');
  }

  /** @throws ApiFailure with what was probably meant, where there is no such model */
  private async checkedModel(name: string): Promise<void> {
    await withModel(name, () => this.client.show(name));
  }

  private async nextEntry(): Promise<string | null> {
    const lines: string[] = [];
    try {
      for (;;) {
        const line = await this.input.next(this.prompt());
        if (line === null) {
          if (this.input.isTerminal) process.stdout.write('\n');
          return this.entry.isOpen && !this.input.isTerminal ? this.entry.rest() : null;
        }
        if (!this.entry.isOpen) lines.length = 0;
        lines.push(line.text);
        const text = this.entry.add(line.text, line.pasted);
        if (text === undefined) continue;
        const typed = lines.length === 1 ? line.text : text;
        this.input.remember(lines, typed);
        if (this.input.isTerminal) this.history.add(typed);
        return text;
      }
    } finally {
      this.input.rest();
    }
  }

  private interruptTyping(): void {
    this.entry.clear();
    process.stdout.write('\n');
    this.input.restart(this.prompt());
  }

  /** @returns the exit status where the conversation ends, else null */
  private async take(text: string): Promise<number | null> {
    try {
      const command = slashCommand(text);
      if (command?.name === 'exit') return exitStatus.ok;
      if (command !== undefined) await this.obey(command.name, command.argument);
      else await this.ask(text);
      return null;
    } catch (error) {
      const status = report(error, false, wrapped);
      return this.input.isTerminal ? null : status;
    }
  }

  private async ask(text: string): Promise<void> {
    const abort = new AbortController();
    const onInterrupt = (): void => abort.abort();
    process.once('SIGINT', onInterrupt);
    const question: OllamaMessage = { role: 'user', content: text };
    const answer: OllamaMessage = { role: 'assistant', content: '' };
    const onTerminal = this.input.isTerminal;
    const wrap = onTerminal ? new WordWrap(process.stdout) : null;
    const write = (piece: string): void => {
      if (wrap === null) process.stdout.write(piece);
      else wrap.write(sanitise(piece));
    };
    const progress = showProgress(this.model, process.stdout.isTTY === true);
    const repetition = new RepetitionWatch();
    let isThinking = false;
    let loops = false;
    let last: OllamaChatResponse | null = null;
    try {
      for await (const chunk of this.client.chat(this.request([...this.messages, question]), abort.signal)) {
        const { content, thinking = '' } = chunk.message;
        if (content !== '' || thinking !== '') progress.piece();
        if (thinking !== '' && onTerminal) process.stdout.write(this.paint.dim(sanitise(thinking)));
        if (content !== '') {
          if (isThinking && onTerminal) process.stdout.write('\n\n');
          write(content);
        }
        isThinking = thinking !== '' && content === '';
        answer.content += content;
        last = chunk;
        loops = repetition.add(thinking + content);
        if (loops) break;
      }
    } catch (error) {
      if (!abort.signal.aborted) {
        wrap?.end();
        if (answer.content !== '') process.stdout.write('\n');
        throw this.explained(error);
      }
    } finally {
      progress.stop();
      wrap?.end();
      process.off('SIGINT', onInterrupt);
    }
    process.stdout.write(answer.content.endsWith('\n') ? '' : '\n');
    if (onTerminal) process.stdout.write(abort.signal.aborted ? `${this.paint.dim('(stopped)')}\n\n` : '\n');
    if (loops) {
      this.note('stopped: it repeats itself');
      // What it would go on with is the repetition.
      answer.content = withoutRepetition(answer.content);
    } else if (last?.done_reason === 'length') {
      this.note(await whyCutOff(this.client, last, null, '/clear forgets the conversation so far'));
    }
    // A stopped answer stays in the conversation as far as it was said, so that "go on" means something.
    if (answer.content !== '') this.messages.push(question, answer);
    if (abort.signal.aborted && !onTerminal) throw new DOMException('interrupted', 'AbortError');
  }

  private request(messages: OllamaMessage[]) {
    const {
      temperature = this.settings.temperature,
      seed,
      keepAlive = this.settings.keepAlive,
    } = this.options;
    return {
      model: this.model,
      messages: [
        ...(this.system === null ? [] : [{ role: 'system' as const, content: this.system }]),
        ...messages,
      ],
      options: { ...(temperature !== null && { temperature }), ...(seed !== undefined && { seed }) },
      ...(keepAlive !== null && { keep_alive: keepAlive }),
    };
  }

  private explained(error: unknown): unknown {
    const sizes = overflowOf(error);
    if (sizes === null) return error;
    const { prompt, context } = sizes;
    return new ApiFailure(
      400,
      'context-overflow',
      `the conversation is now ${tokens(prompt)}; the context is ${tokens(context)}`,
      '/clear forgets the conversation so far',
      { cause: error },
    );
  }

  /** A remark about an answer, not part of it. */
  private note(text: string): void {
    process.stderr.write(`${wrapped(`nanite: ${text}`, process.stderr)}\n`);
  }

  private async obey(name: SlashName, argument: string): Promise<void> {
    switch (name) {
      case 'help': {
        const rows: Array<[string, string]> = slashCommands.map(([command, value, does]) => [
          `/${command} ${value}`.trimEnd(),
          does,
        ]);
        rows.push(['"""', 'begins and ends a text of several lines'], ['\\', 'at its end: the line goes on']);
        this.say(rows.map(([what, does]) => helpLine(what, does)).join('\n'));
        return;
      }
      case 'model':
        if (argument !== '') {
          await this.checkedModel(argument);
          this.model = argument;
        }
        this.say(`model: ${this.model}`);
        return;
      case 'models':
        this.modelNames = await this.client.chatModels();
        this.say(this.modelNames.map((model) => `${model === this.model ? '* ' : '  '}${model}`).join('\n'));
        return;
      case 'system':
        if (argument !== '') this.system = argument === '-' ? null : argument;
        this.say(`system prompt: ${this.system ?? "the model's own"}`);
        return;
      case 'clear':
        this.messages = [];
        this.say('forgotten');
        return;
      case 'save':
        if (argument === '') this.say('/save NAME');
        else this.save(argument);
        return;
      case 'load':
        if (argument === '') this.say('/load NAME');
        else this.load(argument);
        return;
      case 'exit':
        return;
    }
  }

  private save(name: string): void {
    const { model, system, messages } = this;
    const path = saveConversation(name, { schema: 1, model, system, messages });
    const quoted = /^[\w./~-]+$/.test(name) ? name : `"${name}"`;
    this.say(`saved in ${path}; nanite chat ${quoted} continues it`);
  }

  private load(name: string): void {
    const saved = loadConversation(name);
    this.model = saved.model;
    this.system = this.options.system ?? saved.system;
    this.messages = saved.messages;
    this.say(`loaded ${counted(saved.messages.length, 'message')} with ${saved.model}`);
  }

  /** What the program itself says, as opposed to the model. */
  private say(text: string): void {
    process.stderr.write(`${paint(process.stderr).dim(sanitise(text))}\n`);
  }

  private complete(line: string): [string[], string] {
    const model = /^\/model\s+(\S*)$/.exec(line);
    if (model !== null) {
      const begun = model[1] ?? '';
      return [this.modelNames.filter((name) => name.startsWith(begun)), begun];
    }
    if (!line.startsWith('/')) return [[], line];
    return [slashCommands.map(([name]) => `/${name} `).filter((name) => name.startsWith(line)), line];
  }
}

/** What a command does, behind its name, in lines that fit the terminal. */
function helpLine(what: string, does: string): string {
  const indent = ' '.repeat(18);
  return wrapped(does, process.stderr, indent, `  ${what.padEnd(16)}`);
}
