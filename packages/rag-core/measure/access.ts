/**
 * What it costs to find out what somebody may read: `tools/target/target enter node --import tsx packages/rag-core/measure/access.ts
 * [FILES]`, as root. Prints milliseconds for all files, through the socket as nanite-rag-team asks, the median of nine.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, listenOnPath } from '@nanite/kit';
import { createAccessApi } from '../src/access/api';
import { AccessService } from '../src/access/client';

const count = Number(process.argv[2] ?? 10_000);
const folder = mkdtempSync(join(tmpdir(), 'nanite-access-'));
const files = Array.from({ length: count }, (_, at) => {
  const parent = join(folder, String(at % 100));
  if (at < 100) mkdirSync(parent);
  const path = join(parent, `${at}.txt`);
  writeFileSync(path, 'x', { mode: at % 2 ? 0o644 : 0o600 });
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
  return { path: Buffer.from(path), identity: `${dev}:${ino}:${size}:${mtimeNs}` };
});
const socket = join(folder, 'access.sock');
const server = createAccessApi(createLog(() => undefined));
await listenOnPath(server, socket, 0o600);
const access = new AccessService(socket);
const nobody = 65534;
const times: number[] = [];
for (let round = 0; round < 9; round++) {
  const started = performance.now();
  await access.may(nobody, files);
  times.push(performance.now() - started);
}
const median = times.sort((a, b) => a - b)[4]!;
console.log(`${count} files: ${median.toFixed(0)} ms, ${((1000 * median) / count).toFixed(1)} µs each`);
server.close();
server.closeAllConnections();
rmSync(folder, { recursive: true });
