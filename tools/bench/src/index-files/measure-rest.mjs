// Runs in a machine as a person: index ~/files, wait for rest, and look at what is left. Arguments: files, seconds to look.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const [count, seconds] = process.argv.slice(2).map(Number);
const units = ['nanite-rag.service', 'nanite-rag-watch.service', 'nanite-rag-session.service'];

const ask = (method, path, body) =>
  new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: `${process.env.XDG_RUNTIME_DIR}/nanite/rag.sock`, method, path, agent: false },
      (answer) => {
        let text = '';
        answer.on('data', (part) => (text += part)).on('end', () => resolve(JSON.parse(text)));
      },
    );
    sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
const since = (start) => (performance.now() - start) / 1000;
const systemctl = (...words) => execFileSync('systemctl', ['--user', ...words], { encoding: 'utf8' }).trim();

/** Of a unit: all its processes, by its control group. */
function processesOf(unit) {
  const group = systemctl('show', '-P', 'ControlGroup', unit);
  if (group === '') return [];
  try {
    return readFileSync(`/sys/fs/cgroup${group}/cgroup.procs`, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
const all = () => units.flatMap(processesOf);
const kilobytes = (pid, file, what) =>
  Number(
    new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0,
  ) * 1024;
/** Times that any thread gave the processor away to wait: each is followed by a wake-up. */
const waits = (pid) =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) =>
      /^voluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')),
    )
    .reduce((sum, found) => sum + Number(found?.[1] ?? 0), 0);
const sum = (values) => values.reduce((one, other) => one + other, 0);

await ask('PUT', '/v1/collections/bench', { roots: [`${process.env.HOME}/files`] });
for (;;) {
  const { progress } = await ask('GET', '/v1/collections/bench');
  if (progress.files.indexed === count && progress.state !== 'scanning') break;
  await sleep(500);
}
await ask('POST', '/v1/search', { query: 'kalo', mode: 'sparse' });
const last = performance.now();
while (systemctl('show', '-P', 'ActiveState', 'nanite-rag-watch.service') !== 'active') await sleep(500);
const untilRest = since(last);
await sleep(5_000);

const pids = all();
const before = sum(pids.map(waits));
await sleep(seconds * 1000);
const wakeUps = sum(pids.map(waits)) - before;
const rss = sum(pids.map((pid) => kilobytes(pid, 'status', 'VmRSS')));
const pss = sum(pids.map((pid) => kilobytes(pid, 'smaps_rollup', 'Pss')));

const sqlite = createRequire(import.meta.url)('sqlite3');
const index = new sqlite.Database(
  `${process.env.HOME}/.local/state/nanite/knowledge/index.db`,
  sqlite.OPEN_READONLY,
);
const inIndex = (name) =>
  new Promise((resolve, reject) =>
    index.get(
      "SELECT count(*) AS found FROM files WHERE CAST(path AS TEXT) LIKE ? AND state = 'indexed'",
      [`%/${name}`],
      (error, row) => (error === null ? resolve(row.found === 1) : reject(error)),
    ),
  );
let started = performance.now();
writeFileSync(`${process.env.HOME}/files/changed.txt`, 'zyxwvut stands here\n');
while (!(await inIndex('changed.txt'))) await sleep(20);
const change = since(started);

while (systemctl('show', '-P', 'ActiveState', 'nanite-rag-watch.service') !== 'active') await sleep(500);
started = performance.now();
const { hits } = await ask('POST', '/v1/search', { query: 'zyxwvut', mode: 'sparse' });
const firstAnswer = since(started);
if (hits.length !== 1) throw new Error(`found ${hits.length} times`);
started = performance.now();
await ask('POST', '/v1/search', { query: 'kalo', mode: 'sparse' });
const nextAnswer = since(started);
process.stdout.write(
  JSON.stringify({
    untilRest,
    rss,
    pss,
    processes: pids.length,
    wakeUps,
    seconds,
    change,
    firstAnswer,
    nextAnswer,
  }),
);
