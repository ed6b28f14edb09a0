/**
 * A worker that answers at once: llama-server's HTTP API as far as a gateway uses it, without a model.
 *
 *   worker.ts SOCKET PORT [MILLISECONDS_BETWEEN_CHUNKS]
 *
 * Prints a line when it listens. A streamed answer has 200 pieces, one every few milliseconds; the text of each is the
 * moment at which it was sent, in nanoseconds of CLOCK_MONOTONIC, which every process of this machine shares.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { chunksOfAnswer, stampOf } from './stamp';

const [socketPath = '', port = '0', pause = '4'] = process.argv.slice(2);
const created = 1_790_000_000;
const usage = { prompt_tokens: 12, completion_tokens: 16, total_tokens: 28 };
const text = 'The capital of France is Paris, a city on the river Seine, known to all.';

const whole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created,
  model: 'bench',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
  usage,
});

function piece(delta: object, finish: string | null, extra: object = {}): string {
  const choices = [{ index: 0, finish_reason: finish, delta }];
  return `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created, model: 'bench', choices, ...extra })}\n\n`;
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(piece({ role: 'assistant', content: null }, null));
  const begun = Number(process.hrtime.bigint());
  let sent = 0;
  // A tick may come late; what has become due meanwhile is sent then, so the rate holds.
  const timer = setInterval(() => {
    const due = Math.floor((Number(process.hrtime.bigint()) - begun) / 1e6 / Number(pause));
    for (; sent < Math.min(due, chunksOfAnswer); sent++)
      response.write(piece({ content: stampOf(process.hrtime.bigint()) }, null));
    if (sent < chunksOfAnswer) return;
    clearInterval(timer);
    response.write(piece({}, 'stop', { usage }));
    response.end('data: [DONE]\n\n');
  }, Number(pause));
  response.once('close', () => clearInterval(timer));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (data: Buffer) => pieces.push(data));
  request.once('end', () => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok","data":[]}');
      return;
    }
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { stream?: boolean };
    if (body.stream === true) return stream(response);
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(whole),
    });
    response.end(whole);
  });
}

const listen = (where: string | number): Promise<void> =>
  new Promise((done, failed) => {
    const server = createServer({ keepAliveTimeout: 60_000 }, answer).once('error', failed);
    if (typeof where === 'string') server.listen(where, done);
    else server.listen(where, '127.0.0.1', done);
  });

await listen(socketPath);
await listen(Number(port));
process.stdout.write('listening\n');
