// A Chroma elsewhere behind the same unix socket: hands each request over with the token that only this process knows.
// So nanite-rag, which sees all files of a person, needs no network for a shared Chroma either.
import { createServer, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { readFileSync } from 'node:fs';

const idleMs = 5 * 60_000;
/** Where clients of a Chroma of one's own look; a shared one may have other names. */
const usual = '/tenants/default_tenant/databases/default_database';

const { CHROMA_URL, CHROMA_TOKEN, CHROMA_TOKEN_HEADER, CHROMA_CA, CHROMA_INSECURE } = process.env;
const tenant = process.env['CHROMA_TENANT'] ?? 'default_tenant';
const database = process.env['CHROMA_DATABASE'] ?? 'default_database';

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(78);
}

if (!CHROMA_URL)
  fail('CHROMA_URL is not set: name the server in ~/.config/nanite/chroma.env or /etc/nanite/chroma.env');
if (!URL.canParse(CHROMA_URL)) fail(`CHROMA_URL is not an address: ${CHROMA_URL}`);
const url = new URL(CHROMA_URL);
const tls = url.protocol === 'https:';
if (!tls && CHROMA_INSECURE !== 'yes') {
  fail(
    `${url.origin} is not encrypted: texts of your files could be guessed from their vectors. Use https, or CHROMA_INSECURE=yes`,
  );
}

const token = CHROMA_TOKEN
  ? CHROMA_TOKEN_HEADER?.toLowerCase() === 'authorization'
    ? { authorization: `Bearer ${CHROMA_TOKEN}` }
    : { [CHROMA_TOKEN_HEADER ?? 'x-chroma-token']: CHROMA_TOKEN }
  : {};
const ca = CHROMA_CA ? readFileSync(CHROMA_CA) : undefined;
const base = url.pathname.replace(/\/+$/, '');

function refuse(answer, status, message) {
  if (answer.headersSent) return answer.destroy();
  answer.writeHead(status, { 'content-type': 'application/json' });
  const hint = 'see ~/.config/nanite/chroma.env and /etc/nanite/chroma.env';
  answer.end(JSON.stringify({ error: { code: 'remote-chroma', message, hint } }));
}

const server = createServer((asked, answer) => {
  const path =
    base +
    asked.url.replace(
      usual,
      `/tenants/${encodeURIComponent(tenant)}/databases/${encodeURIComponent(database)}`,
    );
  const { host: _, connection: __, ...headers } = asked.headers;
  const send = tls ? tlsRequest : plainRequest;
  const out = send(
    {
      hostname: url.hostname,
      port: url.port || undefined,
      method: asked.method,
      path,
      headers: { ...headers, ...token },
      ca,
    },
    (got) => {
      if (got.statusCode === 401 || got.statusCode === 403) {
        got.resume();
        refuse(
          answer,
          502,
          `${url.origin} refuses ${CHROMA_TOKEN ? 'the token of' : 'to answer without'} CHROMA_TOKEN`,
        );
        return;
      }
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
      got.once('error', () => answer.destroy());
    },
  );
  // Where a name has several addresses, what went wrong with each has no message of its own.
  out.once('error', (error) => refuse(answer, 502, `${url.origin}: ${error.message || error.code}`));
  asked.pipe(out);
  asked.once('error', () => out.destroy());
  answer.once('close', () => out.destroy());
});

let timer;
const rest = () => {
  clearTimeout(timer);
  timer = setTimeout(() => process.exit(0), idleMs);
};
server.on('request', rest);
rest();
// From the socket unit; a path for tests.
server.listen(process.argv[2] ?? { fd: 3 });
