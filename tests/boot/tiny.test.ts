import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { damagedCopy, difference, findOnMedium, isBlank, outboxPort, VirtualMachine } from '@nanite/vm';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeTinyImage } from './tiny-image';

let folder: string;
let iso: string;
let machine: VirtualMachine | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-tiny-'));
  iso = makeTinyImage(folder);
});
afterEach(async () => {
  await machine?.stop();
  machine = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Other programs of this pid namespace that have this among their arguments. */
const processesWith = (text: string): string[] =>
  execFileSync('sh', ['-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "; true'], {
    encoding: 'utf8',
  })
    .split('qemu-system')
    .filter((line) => line.includes(text));

it('boots on BIOS, shows its menu, takes keys, gives a shell and results', async () => {
  machine = await VirtualMachine.boot({ image: iso, memory: 256 });
  const menu = await machine.waitForWords(/Nanite tiny/, 60_000);
  expect(isBlank(menu)).toBe(false);
  await machine.press('down');
  await machine.press('up');
  await machine.press('ret');
  await machine.serial.waitForText('TINY SYSTEM READY', 120_000);
  await machine.serial.waitForText('# ', 20_000);
  const { code, output } = await machine.serial.run('nproc; ls /sys/class/net; false');
  expect(output).toBe('2\nlo\n');
  expect(code).toBe(1);
  const screen = await machine.waitForWords(/awake/, 60_000);
  expect(difference(menu, screen)).toBeGreaterThan(0.001);
  expect((await machine.serial.run(`seq 1 5000 >/dev/virtio-ports/${outboxPort}`)).output).toBe('');
  expect(machine.outbox().toString()).toMatch(/^1\n2\n[^]*\n5000\n$/);
});

it('boots on UEFI from a stick, with a network card whose packets are seen and a port that leads in', async () => {
  const capture = join(folder, 'net.pcap');
  machine = await VirtualMachine.boot({
    image: iso,
    medium: 'stick',
    firmware: 'uefi',
    memory: 384,
    network: 'user',
    forwards: [{ host: 18479, guest: 80 }],
    capture,
  });
  await machine.waitForWords(/Nanite tiny/, 90_000);
  await machine.press('ret');
  await machine.serial.waitForText('TINY SYSTEM READY', 120_000);
  await machine.serial.waitForText('# ', 20_000);
  await machine.serial.run('mkdir /srv; echo hello from inside >/srv/index.html; httpd -h /srv');
  const answer = await fetch('http://127.0.0.1:18479/');
  expect(await answer.text()).toBe('hello from inside\n');
  expect(readFileSync(capture).includes('hello from inside')).toBe(true);
});

it('lets nothing out where the network is restricted, and lets the same out where it is not', async () => {
  const server = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const outputs: string[] = [];
  for (const network of ['user', 'restricted'] as const) {
    machine = await VirtualMachine.boot({ image: iso, memory: 256, network });
    await machine.waitForWords(/Nanite tiny/, 60_000);
    await machine.press('ret');
    await machine.serial.waitForText('# ', 120_000);
    outputs.push(
      (await machine.serial.run(`wget -T 5 -q -O - http://10.0.2.2:${port}/; echo`, 90_000)).output,
    );
    await machine.stop();
  }
  server.close();
  expect(outputs[0]).toContain('reached');
  expect(outputs[1]).not.toContain('reached');
});

it('refuses under Secure Boot what nobody signed', async () => {
  machine = await VirtualMachine.boot({ image: iso, firmware: 'secure-boot', memory: 256 });
  await machine.waitForWords(/Access Denied|Security Violation|No bootable/i, 90_000);
});

it('boots a copy with a single flipped bit that is on the copy only', () => {
  const { offset, length } = findOnMedium(iso, '/boot/initrd');
  const overlay = join(folder, 'damaged.qcow2');
  damagedCopy(iso, overlay, offset + Math.floor(length / 2));
  const raw = join(folder, 'damaged.iso');
  execFileSync('qemu-img', ['convert', '-O', 'raw', overlay, raw]);
  // cmp ends with 1 where files differ, which throws.
  const differing = execFileSync('sh', ['-c', `cmp -l '${iso}' '${raw}' || true`], { encoding: 'utf8' });
  expect(differing.trim().split('\n')).toHaveLength(1);
  expect(Number(differing.trim().split(/\s+/)[0])).toBe(offset + Math.floor(length / 2) + 1);
});

it('says what QEMU said where it cannot start', async () => {
  await expect(VirtualMachine.boot({ image: folder })).rejects.toMatchObject({ code: 'vm-not-started' });
  await expect(VirtualMachine.boot({ image: join(folder, 'none.iso') })).rejects.toMatchObject({
    code: 'no-image',
  });
});

it('ends what it started when it is stopped, when its time is up, and when its parent is killed', async () => {
  machine = await VirtualMachine.boot({ image: iso, memory: 101 });
  expect(processesWith('-m 101')).toHaveLength(1);
  await machine.stop();
  expect(processesWith('-m 101')).toHaveLength(0);

  machine = await VirtualMachine.boot({ image: iso, memory: 102, lifetime: 1500 });
  expect(processesWith('-m 102')).toHaveLength(1);
  await machine.ended;
  expect(processesWith('-m 102')).toHaveLength(0);

  mkdirSync(join(folder, 'parent'));
  const program = join(folder, 'parent/boot.mts');
  writeFileSync(
    program,
    `import { VirtualMachine } from '${import.meta.dirname}/../../tools/vm/src/index.ts';
await VirtualMachine.boot({ image: '${iso}', memory: 103 });
console.log('booted');
setInterval(() => undefined, 1000);
`,
  );
  const parent = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit')]);
  expect(processesWith('-m 103')).toHaveLength(1);
  parent.kill('SIGKILL');
  await once(parent, 'close');
  for (let tries = 0; tries < 50 && processesWith('-m 103').length > 0; tries++) await sleep(100);
  expect(processesWith('-m 103')).toHaveLength(0);
});
