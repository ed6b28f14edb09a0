import type { ChatMessage, ChatTool } from './chat-body';
import type { EarlierCall, ToolForm } from './answer-or-call';

const noArguments = { type: 'object', properties: {} };

function argumentsOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

interface ChatCall {
  index?: number;
  function?: { name?: string; arguments?: string };
}

const firstCall = (calls: ChatCall[] | null | undefined): ChatCall | undefined =>
  calls?.find(({ index }) => (index ?? 0) === 0);

/** Tools as chat completions write them: Ollama's API and the responses API come down to these too. */
export const chatForm: ToolForm = {
  demand: (tools, more) => ({
    tools: [{ type: 'function', function: { ...more, parameters: noArguments } }, ...tools],
    tool_choice: 'required',
  }),
  nameOf: (tool) => (tool as ChatTool).function.name,
  piece(data) {
    const { choices } = JSON.parse(data) as { choices?: Array<{ delta?: { tool_calls?: ChatCall[] } }> };
    const call = firstCall(choices?.[0]?.delta?.tool_calls);
    return call === undefined ? null : { name: call.function?.name, text: call.function?.arguments };
  },
  call(answer) {
    const { choices } = JSON.parse(answer) as { choices?: Array<{ message?: { tool_calls?: ChatCall[] } }> };
    const call = choices?.[0]?.message?.tool_calls?.[0];
    return call === undefined ? null : { name: call.function?.name, text: call.function?.arguments };
  },
  earlier(messages) {
    const given = messages as ChatMessage[];
    const said = given.findLastIndex(({ role }) => role === 'user');
    return given.slice(said + 1).flatMap(({ tool_calls: calls }): EarlierCall[] =>
      (calls ?? []).map(({ function: called }) => ({
        name: called.name,
        arguments: argumentsOf(called.arguments),
      })),
    );
  },
};

interface Block {
  type?: string;
  name?: string;
  input?: Record<string, unknown>;
}

const blocksOf = (content: unknown): Block[] => (Array.isArray(content) ? (content as Block[]) : []);

/** Tools as Anthropic's messages write them. */
export const messagesForm: ToolForm = {
  demand: (tools, more) => ({
    tools: [{ ...more, input_schema: noArguments }, ...tools],
    tool_choice: { type: 'any' },
  }),
  nameOf: (tool) => (tool as { name: string }).name,
  piece(data) {
    const { content_block: block, delta } = JSON.parse(data) as {
      content_block?: Block;
      delta?: { type?: string; partial_json?: string };
    };
    if (block?.type === 'tool_use') return { name: block.name };
    return delta?.type === 'input_json_delta' ? { text: delta.partial_json } : null;
  },
  call(answer) {
    const { content } = JSON.parse(answer) as { content?: Block[] };
    const block = blocksOf(content).find(({ type }) => type === 'tool_use');
    return block === undefined ? null : { name: block.name, text: JSON.stringify(block.input ?? {}) };
  },
  earlier(messages) {
    const given = messages as Array<{ role: string; content?: unknown }>;
    // A result of a tool comes as a message of the user.
    const said = given.findLastIndex(
      ({ role, content }) => role === 'user' && !blocksOf(content).some(({ type }) => type === 'tool_result'),
    );
    return given
      .slice(said + 1)
      .flatMap(({ content }): EarlierCall[] =>
        blocksOf(content).flatMap(({ type, name, input }) =>
          type === 'tool_use' ? [{ name: name ?? '', arguments: input ?? {} }] : [],
        ),
      );
  },
};
