// llama.vim as Debian packages it, unmodified, in vim and in neovim: a person types, waits for the suggestion, and takes it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { client, run, toolModel, url } from './reporting/features.mjs';

const [, version] = /vim-llama\.cpp (\S+)/.exec(readFileSync('packages.txt', 'utf8'));
const feature = client('llama.vim', undefined, version);
const place = process.env.CLIENT_PLACE;

const file = 'def add(a, b):\n    return \n\n\nprint(add(1, 2))\n';
const other = 'def multiply(a, b):\n    return a * b\n\n\ndef divide(a, b):\n    return a / b\n';

/** Hands on what the editor sends, and keeps it with its answer: the plug-in itself shows no error. */
async function listening(done) {
  const exchanges = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks).toString();
    const exchange = { path: request.url, sent: JSON.parse(sent), status: 0, answer: '' };
    exchanges.push(exchange);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      const answer = await fetch(`${url}${request.url}`, {
        method: 'POST',
        headers: { 'content-type': request.headers['content-type'] },
        body: sent,
        signal: gone.signal,
      });
      exchange.status = answer.status;
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
      for await (const chunk of answer.body) {
        exchange.answer += Buffer.from(chunk).toString();
        response.write(chunk);
      }
    } catch {
      // The editor has typed on and asks anew.
    }
    response.end(() => done(exchange));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { exchanges, endpoint: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Let an editor do a task of drive.vim in a file; gives the file as it was saved, and what was asked and answered. */
async function edited(editor, task) {
  const folder = mkdtempSync('/tmp/llama-vim-');
  writeFileSync(join(folder, 'sum.py'), file);
  writeFileSync(join(folder, 'other.py'), other);
  const finished = join(folder, 'finished');
  const asked = await listening(({ sent, status }) => {
    if (sent.stream === true && status === 200) writeFileSync(finished, '');
  });
  // vim wants a terminal; neovim does without.
  const argv = {
    vim: ['script', '-qec', 'vim -u /tmp/program/drive.vim sum.py', '/dev/null'],
    nvim: ['nvim', '--headless', '-u', '/tmp/program/drive.vim', 'sum.py'],
  }[editor];
  const env = { ...process.env, TERM: 'xterm', TASK: task, PLACE: place, ENDPOINT: asked.endpoint };
  const child = spawn(argv[0], argv.slice(1), {
    cwd: folder,
    env: { ...env, MODEL: toolModel, DONE: finished },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  const timer = setTimeout(() => child.kill(), 150_000);
  await once(child, 'close');
  clearTimeout(timer);
  asked.close();
  const wrong = asked.exchanges.filter(({ status }) => status !== 200 && status !== 0);
  assert.deepEqual(wrong, [], said.slice(-500));
  assert.ok(asked.exchanges.length > 0, `nothing was asked: ${said.slice(-500)}`);
  return { text: readFileSync(join(folder, 'sum.py'), 'utf8'), exchanges: asked.exchanges, said };
}

for (const editor of ['vim', 'nvim']) {
  feature(`a suggestion is shown and taken, ${editor}`, async () => {
    const { text, exchanges, said } = await edited(editor, 'Fill');
    const line = text.split('\n')[1];
    assert.match(line, /^ {4}return a.+/, `${JSON.stringify(exchanges.at(-1))} ${said.slice(-500)}`);
    return line.trim();
  });

  feature(`what was copied elsewhere is sent ahead, ${editor}`, async () => {
    const { exchanges } = await edited(editor, 'Remember');
    const ahead = exchanges.filter(({ sent }) => sent.n_predict === 0);
    assert.ok(ahead.length > 0, JSON.stringify(exchanges));
    assert.ok(ahead.every(({ sent }) => sent.input_extra.some(({ text }) => text.includes('multiply'))));
    const { answer } = exchanges.find(({ sent, status }) => sent.n_predict > 0 && status === 200);
    return answer.slice(0, 200);
  });

  feature(`a text is rewritten as told, ${editor}`, async () => {
    const { text, exchanges } = await edited(editor, 'Instruct');
    assert.notEqual(text, file, JSON.stringify(exchanges).slice(-700));
    return text.slice(0, 80);
  });
}

await run();
