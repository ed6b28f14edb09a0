// TLS and a token before a plain server, as an administrator puts nginx there: tls-proxy.mjs PORT UPSTREAM TOKEN KEY CERTIFICATE
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';

const [port, upstream, token, key, cert] = process.argv.slice(2);
createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (asked, answer) => {
  if (asked.headers['x-chroma-token'] !== token) {
    answer.writeHead(401, { 'content-type': 'application/json' });
    answer.end('{"error":"Unauthorized"}');
    return;
  }
  const out = request(
    { port: upstream, method: asked.method, path: asked.url, headers: asked.headers },
    (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    },
  );
  out.on('error', () => answer.destroy());
  asked.pipe(out);
}).listen(Number(port), '127.0.0.1');
