import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, type Child } from '../machine/children';

const port = 18_765;

/** nginx with sendfile, serving one folder on the loopback interface: costs little, so that the clients are measured. */
export async function serve(folder: string, scratch: string): Promise<{ url: string; server: Child }> {
  mkdirSync(scratch, { recursive: true });
  const config = join(scratch, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${scratch}/${name};`,
  );
  writeFileSync(
    config,
    `
daemon off;
worker_processes 2;
pid ${scratch}/nginx.pid;
error_log ${scratch}/error.log;
user root;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  ${temporary.join('\n  ')}
  server { listen 127.0.0.1:${port}; root ${folder}; default_type application/octet-stream; }
}
`,
  );
  const server = await start('nginx', ['-c', config, '-e', join(scratch, 'error.log')]);
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; waited < 100; waited++) {
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) return { url, server };
    await sleep(50);
  }
  await server.stop();
  throw new Error(`nginx does not answer\n${server.said()}`);
}
