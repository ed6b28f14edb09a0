// A server that speaks as much of Ollama's and OpenAI's APIs as a gateway in front of it needs, and writes each request
// down as a line of JSON: HOST PORT FILE [KEY]
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [host, port, file, key] = process.argv.slice(2);
const text = 'from the stand-in';
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
const chunk = (delta, finish = null) => ({ choices: [{ index: 0, delta, finish_reason: finish }] });

const answers = {
  '/api/tags': () => ({ models: [{ name: 'llama3:8b' }] }),
  '/api/show': ({ model }) => ({ capabilities: ['tools'], details: {}, template: model }),
  '/api/chat': ({ model }) => ({ model, message: { role: 'assistant', content: text }, done: true }),
  '/v1/models': () => ({ object: 'list', data: [{ id: 'org/big-model', object: 'model' }] }),
  '/v1/chat/completions': () => ({
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage,
  }),
};

createServer(async (req, res) => {
  let read = '';
  for await (const part of req) read += part;
  const body = read === '' ? {} : JSON.parse(read);
  appendFileSync(file, `${JSON.stringify({ path: req.url, headers: req.headers, body })}\n`);
  const send = (status, value) =>
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (key !== undefined && req.headers.authorization !== `Bearer ${key}`) {
    return send(401, { error: { message: 'no such key', type: 'authentication_error' } });
  }
  if (req.url === '/v1/chat/completions' && body.stream === true) {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunks = [...text.split(/(?= )/).map((content) => chunk({ content })), chunk({}, 'stop')];
    for (const each of [...chunks, { choices: [], usage }]) res.write(`data: ${JSON.stringify(each)}\n\n`);
    return res.end('data: [DONE]\n\n');
  }
  const answer = answers[req.url];
  return answer === undefined ? send(404, { error: 'no such path' }) : send(200, answer(body));
}).listen(Number(port), host);
