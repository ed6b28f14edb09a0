import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { rmSync } from 'node:fs';

/** A llama-server that speaks just the endpoints we use, and does what the text of the prompt tells it to. */
export interface FakeWorker {
  socket: string;
  /** Paths and bodies of the requests, the latest last. */
  requests: Array<{ path: string; body: Record<string, unknown>; text: string }>;
  /** Requests that are being answered now, and the most there ever were at once. */
  running: number;
  most: number;
  /** Answers that the client broke off. */
  cancelled: number;
  /** Go away as a killed process does: connections are closed. */
  kill(): void;
}

const words = ['Paris', ' is', ' the', ' capital', ' of', ' France', '.', ' Ünï', '😀'];
const timings = { prompt_n: 5, prompt_ms: 10.5, predicted_n: words.length, predicted_ms: 20.25, cache_n: 0 };
const usage = { prompt_tokens: 5, completion_tokens: words.length, total_tokens: 5 + words.length };
const overflow = {
  error: {
    code: 400,
    message: 'request (10000 tokens) exceeds the available context size (2048 tokens), try increasing it',
    type: 'exceed_context_size_error',
    n_prompt_tokens: 10_000,
    n_ctx: 2048,
  },
};

const toolCall = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } };

function json(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

/** A conversation that says COUNT has a thousand tokens a message; a prompt that does, as many as it has elements. */
function tokensOf(body: Record<string, unknown>, text: string): number | null {
  if (!text.includes('COUNT')) return null;
  const { messages, prompt } = body;
  if (Array.isArray(messages)) return messages.length * 1000;
  return Array.isArray(prompt) ? prompt.length : null;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** With CHOOSE: the tool at that place among those offered, such as CHOOSE_0; null where the text asks for none. */
function chosenCall(body: Record<string, unknown>, text: string): { name: string; arguments: string } | null {
  const tools = body['tools'] as Array<{ name?: string; function?: { name: string } }> | undefined;
  const place = /CHOOSE_(\d)/.exec(text)?.[1];
  const tool = place === undefined ? undefined : tools?.[Number(place)];
  const name = tool?.function?.name ?? tool?.name;
  return name === undefined ? null : { name, arguments: '{"city":"Paris","day":"today"}' };
}

function chatChunks(prompt: string, call: ReturnType<typeof chosenCall> = null): unknown[] {
  const chunk = (delta: unknown, finish: string | null = null) => ({
    object: 'chat.completion.chunk',
    id: 'chatcmpl-1',
    created: 1,
    model: 'fake',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const end = [
    { object: 'chat.completion.chunk', id: 'chatcmpl-1', created: 1, model: 'fake', choices: [], usage, timings },
  ];
  if (call !== null) {
    const opened = { index: 0, id: 'call_1', type: 'function', function: { ...call, arguments: '' } };
    return [
      chunk({ role: 'assistant', content: null }),
      chunk({ tool_calls: [opened] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: call.arguments } }] }),
      chunk({}, 'tool_calls'),
      ...end,
    ];
  }
  if (prompt.includes('CALL')) {
    return [
      chunk({ role: 'assistant', content: null }),
      chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
      chunk({}, 'tool_calls'),
      ...end,
    ];
  }
  const thinking = prompt.includes('THINK') ? [chunk({ reasoning_content: 'Hmm.' })] : [];
  return [
    chunk({ role: 'assistant', content: null }),
    ...thinking,
    ...words.map((word) => chunk({ content: word })),
    chunk({}, prompt.includes('LENGTH') ? 'length' : 'stop'),
    ...end,
  ];
}

function completionChunks(): unknown[] {
  return [
    ...words.map((content) => ({ content, stop: false })),
    {
      content: '',
      stop: true,
      stop_type: 'eos',
      tokens_evaluated: 5,
      tokens_predicted: words.length,
      timings,
    },
  ];
}

export async function startFakeWorker(
  socket: string,
  model = 'fake',
  context = 4096,
): Promise<FakeWorker> {
  const sockets = new Set<import('node:net').Socket>();
  const fake: FakeWorker = {
    socket,
    requests: [],
    running: 0,
    most: 0,
    cancelled: 0,
    kill() {
      for (const each of sockets) each.destroy();
      server.close();
      rmSync(socket, { force: true });
    },
  };

  async function stream(res: ServerResponse, chunks: unknown[], prompt: string, done: boolean): Promise<void> {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    for (const chunk of chunks) {
      if (res.destroyed) return;
      const event = (chunk as { event?: string }).event;
      const data = event === undefined ? chunk : (chunk as { data: unknown }).data;
      res.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
      sent += 1;
      if (prompt.includes('SLOW')) await pause(20);
      if (prompt.includes('DIE') && sent === 3) {
        await pause(20);
        return fake.kill();
      }
      if (prompt.includes('BREAK') && sent === 3) {
        res.end(`data: ${JSON.stringify({ error: { code: 500, message: 'out of luck', type: 'server_error' } })}\n\n`);
        return;
      }
    }
    res.end(done ? 'data: [DONE]\n\n' : '');
  }

  async function answer(path: string, body: Record<string, unknown>, text: string, res: ServerResponse): Promise<void> {
    if (text.includes('OVERFLOW')) return json(res, 400, overflow);
    const tokens = tokensOf(body, text);
    if (tokens !== null && tokens >= context && !path.endsWith('tokens')) {
      const error = { code: 400, message: 'too long', type: 'exceed_context_size_error' };
      return json(res, 400, { error: { ...error, n_prompt_tokens: tokens, n_ctx: context } });
    }
    if (text.includes('HANG')) {
      await pause(60_000);
      return;
    }
    if (text.includes('DIE') && body['stream'] !== true) return fake.kill();
    if (text.includes('SLOW') && body['stream'] !== true) await pause(100);
    const streamed = body['stream'] === true;
    switch (path) {
      case '/v1/chat/completions': {
        const call = chosenCall(body, text);
        if (streamed) return stream(res, chatChunks(text, call), text, true);
        const called = call === null ? null : [{ ...toolCall, function: call }];
        const message = called !== null ? { role: 'assistant', content: '', tool_calls: called } : text.includes('CALL')
          ? { role: 'assistant', content: null, tool_calls: [toolCall] }
          : {
              role: 'assistant',
              content: words.join(''),
              ...(text.includes('THINK') && { reasoning_content: 'Hmm.' }),
            };
        return json(res, 200, {
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1,
          model,
          choices: [{ index: 0, message, finish_reason: text.includes('CALL') ? 'tool_calls' : 'stop' }],
          usage,
          timings,
        });
      }
      case '/v1/chat/completions/input_tokens':
        return json(res, 200, { object: 'response.input_tokens', input_tokens: tokens ?? 500 });
      case '/completion':
      case '/infill':
        if (streamed) return stream(res, completionChunks(), text, false);
        return json(res, 200, {
          content: words.join(''),
          stop: true,
          stop_type: 'limit',
          tokens_evaluated: 5,
          tokens_predicted: words.length,
          timings,
        });
      case '/v1/completions':
        return json(res, 200, {
          id: 'cmpl-1',
          object: 'text_completion',
          created: 1,
          model,
          choices: [{ index: 0, text: words.join(''), finish_reason: 'stop', logprobs: null }],
          usage,
        });
      case '/v1/embeddings': {
        const input = Array.isArray(body['input']) ? body['input'] : [body['input']];
        return json(res, 200, {
          object: 'list',
          model,
          data: input.map((_, index) => ({ object: 'embedding', index, embedding: [0.6, 0.8, 0, index] })),
          usage: { prompt_tokens: 4, total_tokens: 4 },
        });
      }
      case '/v1/rerank': {
        const documents = body['documents'] as string[];
        const long = documents.findIndex((document) => document.length > 2000);
        if (long >= 0) {
          const message = 'input (900 tokens) is too large to process. increase the physical batch size (current batch size: 512)';
          return json(res, 500, { error: { code: 500, message, type: 'server_error' } });
        }
        // A logit, as llama-server gives it: the more of the query's words, the larger.
        const asked = String(body['query']).split(' ');
        const results = documents.map((document, index) => ({
          index,
          relevance_score: asked.filter((word) => document.includes(word)).length * 2 - 1,
        }));
        return json(res, 200, {
          model,
          object: 'list',
          usage: { prompt_tokens: 6, total_tokens: 6 },
          results: text.includes('SHORT') ? results.slice(1) : results,
        });
      }
      case '/detokenize':
        return json(res, 200, { content: `${(body['tokens'] as number[]).length} tokens` });
      case '/v1/responses': {
        const response = {
          id: 'resp_1',
          object: 'response',
          created_at: 1,
          status: 'completed',
          model,
          output: [
            {
              type: 'message',
              id: 'msg_1',
              role: 'assistant',
              status: 'completed',
              content: [{ type: 'output_text', text: words.join(''), annotations: [] }],
            },
          ],
        };
        if (!streamed) return json(res, 200, response);
        const deltas = words.map((delta) => ({
          event: 'response.output_text.delta',
          data: { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta },
        }));
        const end = { event: 'response.completed', data: { type: 'response.completed', response } };
        return stream(res, [...deltas, end], text, false);
      }
      case '/v1/messages': {
        const call = chosenCall(body, text);
        const use = call && { type: 'tool_use', id: 'toolu_1', name: call.name };
        if (streamed) {
          const blocks = use === null
            ? [{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words.join('') } }]
            : [
                { type: 'content_block_start', index: 0, content_block: { ...use, input: {} } },
                { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: call?.arguments } },
              ];
          const events = [{ type: 'message_start', message: { id: 'msg_1' } }, ...blocks, { type: 'message_stop' }];
          return stream(res, events.map((data) => ({ event: data.type, data })), text, false);
        }
        if (use !== null) {
          const input = JSON.parse(call?.arguments ?? '{}') as object;
          return json(res, 200, { id: 'msg_1', type: 'message', role: 'assistant', content: [{ ...use, input }] });
        }
        return json(res, 200, {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model,
          content: [{ type: 'text', text: words.join('') }],
          stop_reason: 'end_turn',
          stop_sequence: null,
          usage: { input_tokens: 5, output_tokens: words.length },
        });
      }
      case '/v1/messages/count_tokens':
        return json(res, 200, { input_tokens: 5 });
      case '/tokenize':
        return json(res, 200, { tokens: Array.from({ length: 500 }, (_, i) => i) });
      case '/apply-template':
        return json(res, 200, { prompt: `<|user|>${JSON.stringify(body['messages'])}<|assistant|>` });
      default:
        return json(res, 404, { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } });
    }
  }

  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const path = req.url ?? '';
      fake.requests.push({ path, body, text });
      fake.running += 1;
      fake.most = Math.max(fake.most, fake.running);
      res.once('close', () => {
        fake.running -= 1;
        if (!res.writableFinished) fake.cancelled += 1;
      });
      void answer(path, body, text, res);
    });
  };
  const server: Server = createServer(onRequest);
  server.on('connection', (connection) => {
    sockets.add(connection);
    connection.once('close', () => sockets.delete(connection));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return fake;
}

export const fakeWords = words.join('');
