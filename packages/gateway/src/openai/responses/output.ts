import type { ResponsesItem } from '@nanite/contracts';
import { newId } from './store';

/** An event of the stream without its number. */
export interface ResponsesEvent {
  type: string;
  [field: string]: unknown;
}

/** A piece of a chat completion, as llama-server streams it; a whole message is one piece. */
export interface ChatDelta {
  content?: string | null;
  reasoning_content?: string | null;
  tool_calls?: Array<{
    index?: number;
    id?: string;
    function?: { name?: string; arguments?: string };
  }>;
}

/** An item that is being written. */
interface OpenItem {
  kind: 'reasoning' | 'message' | 'call';
  item: ResponsesItem;
  index: number;
  text: string;
  /** Of calls: their index in the chat completion, and whether the tool takes a text. */
  call: number;
  custom: boolean;
}

/** The text in the arguments of a custom tool, which are `{"input": "…"}`. */
function customInput(args: string): string {
  try {
    const { input } = JSON.parse(args) as { input?: unknown };
    return typeof input === 'string' ? input : args;
  } catch {
    // The answer was cut off within the call: what there is of it.
    return args;
  }
}

/**
 * Puts the output items of a response together from the pieces of a chat completion, and says each step as the event that
 * OpenAI's stream has for it.
 */
export class ResponsesOutput {
  readonly items: ResponsesItem[] = [];
  #open: OpenItem | null = null;

  /** @param custom names of the tools that take a text */
  constructor(
    private readonly custom: ReadonlySet<string>,
    private readonly emit: (event: ResponsesEvent) => void,
  ) {}

  add(delta: ChatDelta): void {
    if (delta.reasoning_content) this.#reasoning(delta.reasoning_content);
    if (delta.content) this.#text(delta.content);
    for (const call of delta.tool_calls ?? []) this.#call(call);
  }

  /** @param complete false where the answer was cut off */
  end(complete: boolean): void {
    if (this.items.length === 0) this.#begin('message', messageItem());
    this.#close(complete ? 'completed' : 'incomplete');
  }

  #begin(kind: OpenItem['kind'], item: ResponsesItem, call = -1, custom = false): OpenItem {
    this.#close('completed');
    const index = this.items.length;
    const open: OpenItem = { kind, item, index, text: '', call, custom };
    this.#open = open;
    this.items.push(item);
    this.emit({ type: 'response.output_item.added', output_index: index, item: structuredClone(item) });
    const at = { item_id: item.id, output_index: index };
    if (kind === 'message') {
      this.emit({ type: 'response.content_part.added', ...at, content_index: 0, part: textPart('') });
    } else if (kind === 'reasoning') {
      this.emit({
        type: 'response.reasoning_summary_part.added',
        ...at,
        summary_index: 0,
        part: summaryPart(''),
      });
    }
    return open;
  }

  #current(kind: OpenItem['kind'], item: () => ResponsesItem): OpenItem {
    return this.#open?.kind === kind ? this.#open : this.#begin(kind, item());
  }

  #reasoning(delta: string): void {
    const open = this.#current('reasoning', () => ({ id: newId('rs'), type: 'reasoning', summary: [] }));
    open.text += delta;
    this.emit({
      type: 'response.reasoning_summary_text.delta',
      ...{ item_id: open.item.id, output_index: open.index, summary_index: 0, delta },
    });
  }

  #text(delta: string): void {
    const open = this.#current('message', messageItem);
    open.text += delta;
    this.emit({
      type: 'response.output_text.delta',
      ...{ item_id: open.item.id, output_index: open.index, content_index: 0, delta, logprobs: [] },
    });
  }

  #call({ index = 0, id, function: called }: NonNullable<ChatDelta['tool_calls']>[number]): void {
    let open = this.#open;
    if (open?.kind !== 'call' || open.call !== index) {
      const name = called?.name ?? '';
      const custom = this.custom.has(name);
      const item = {
        id: newId(custom ? 'ctc' : 'fc'),
        type: custom ? 'custom_tool_call' : 'function_call',
        status: 'in_progress',
        call_id: id ?? newId('call'),
        name,
        ...(custom ? { input: '' } : { arguments: '' }),
      };
      open = this.#begin('call', item, index, custom);
    }
    const delta = called?.arguments ?? '';
    if (delta === '') return;
    open.text += delta;
    // The text of a custom tool is known when its JSON is complete.
    if (open.custom) return;
    this.emit({
      type: 'response.function_call_arguments.delta',
      ...{ item_id: open.item.id, output_index: open.index, delta },
    });
  }

  #close(status: 'completed' | 'incomplete'): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const { item, index, text } = open;
    const at = { item_id: item.id, output_index: index };
    if (open.kind === 'message') {
      item['content'] = [textPart(text)];
      this.emit({ type: 'response.output_text.done', ...at, content_index: 0, text, logprobs: [] });
      this.emit({ type: 'response.content_part.done', ...at, content_index: 0, part: textPart(text) });
    } else if (open.kind === 'reasoning') {
      item['summary'] = [summaryPart(text)];
      this.emit({ type: 'response.reasoning_summary_text.done', ...at, summary_index: 0, text });
      this.emit({
        type: 'response.reasoning_summary_part.done',
        ...at,
        summary_index: 0,
        part: summaryPart(text),
      });
    } else if (open.custom) {
      const input = customInput(text);
      item['input'] = input;
      this.emit({ type: 'response.custom_tool_call_input.delta', ...at, delta: input });
      this.emit({ type: 'response.custom_tool_call_input.done', ...at, input });
    } else {
      item['arguments'] = text;
      const done = { ...at, name: item['name'], arguments: text };
      this.emit({ type: 'response.function_call_arguments.done', ...done });
    }
    if (open.kind !== 'reasoning') item['status'] = status;
    this.emit({ type: 'response.output_item.done', output_index: index, item: structuredClone(item) });
  }
}

const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const summaryPart = (text: string) => ({ type: 'summary_text', text });
const messageItem = (): ResponsesItem => ({
  id: newId('msg'),
  type: 'message',
  status: 'in_progress',
  role: 'assistant',
  content: [],
});
