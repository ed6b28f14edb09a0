import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { usersIn } from '../person';
import { isLive } from '../system';
import { judgeAnswer } from './ask';
import { readBootTime, spanSeconds } from './boot';
import { heldByUs, unitOf } from './memory';
import { judgePackets } from './outbound';
import { failedUnits } from './units';

test('units that failed are named', () => {
  expect(failedUnits('broken.service loaded failed failed Broken\nx.mount loaded failed failed X\n')).toEqual(
    ['broken.service', 'x.mount'],
  );
  expect(failedUnits('\n')).toEqual([]);
});

test('an answer passes, and an empty one does not', () => {
  const answer = (text: string) => ({
    code: 0,
    stderr: '',
    stdout: JSON.stringify({ model: 'm', answer: text, timings: { load: 1500, tokensPerSecond: 3 } }),
  });
  expect(judgeAnswer(answer(' Paris.\n'))).toEqual({
    status: 'pass',
    detail: 'm: Paris.',
    data: { model: 'm', tokensPerSecond: 3, loadSeconds: 1.5 },
  });
  expect(judgeAnswer(answer(' '))).toMatchObject({ status: 'fail' });
});

test.each([
  ['warn', 'no-model', 'no model that can chat is installed'],
  ['warn', 'http-507', 'm needs 365 MiB, and models may take 64 MiB on this machine'],
  ['warn', 'http-503', 'm needs 365 MiB and 64 MiB are free for models now'],
  ['fail', 'http-507', 'm cannot run here: the file is damaged'],
  ['fail', 'http-503', 'too many requests'],
  ['fail', 'unreachable', 'nothing answers'],
])('%s: a refusal of code %s, %s', (status, code, message) => {
  const stderr = `${JSON.stringify({ error: { code, message, hint: null } })}\n`;
  const verdict = judgeAnswer({ code: 1, stdout: '', stderr });
  expect(verdict).toMatchObject({ status, detail: expect.stringContaining(message) as string });
  expect(verdict.hint).not.toBe('');
});

test('what to do about too little memory is said to a person, not to a program', () => {
  const error = {
    code: 'http-503',
    message: 'm needs 365 MiB and 64 MiB are free for models now',
    hint: 'try again in 30 s',
  };
  const { hint } = judgeAnswer({ code: 1, stdout: '', stderr: `${JSON.stringify({ error })}\n` });
  expect(hint).toMatch(/close other programs/);
  expect(hint).not.toMatch(/try again/);
});

test('the time of a start is read', () => {
  expect(spanSeconds('1min 2.345s')).toBeCloseTo(62.345);
  expect(spanSeconds('633ms')).toBeCloseTo(0.633);
  const text =
    'Startup finished in 12.1s (kernel) + 1min 3.5s (userspace) = 1min 15.6s \ngraphical.target reached after 58.2s in userspace.\n';
  const data = readBootTime(text)?.data;
  expect(data).toMatchObject({ kernelSeconds: 12.1, userspaceSeconds: 63.5, targetSeconds: 58.2 });
  expect(data?.['totalSeconds']).toBeCloseTo(75.6);
  expect(readBootTime('')).toBeNull();
});

test('our units are known by their control group, in any hierarchy', () => {
  expect(unitOf('0::/system.slice/nanite-gateway.service\n')).toBe('nanite-gateway.service');
  expect(unitOf('1:name=systemd:/user.slice/user@1000.service/app.slice/nanite-rag.service\n0::/\n')).toBe(
    'nanite-rag.service',
  );
  expect(unitOf('0::/system.slice/system-nanite\\x2dmodel.slice/nanite-model@a.service')).toBe(
    'nanite-model@a.service',
  );
  expect(unitOf('0::/system.slice/ssh.service')).toBeNull();
  expect(unitOf('0::/system.slice/nanite-selfcheck.service')).toBeNull();
});

test('memory is added up with models apart', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'nanite-proc-'));
  const add = (pid: number, unit: string, files: Record<string, string>) => {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'cgroup'), `0::/system.slice/${unit}\n`);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(proc, String(pid), name), text);
  };
  try {
    add(1, 'nanite-gateway.service', { smaps_rollup: 'Pss:   1000 kB\n' });
    add(2, 'nanite-models.service', { status: 'VmRSS:   2000 kB\n' });
    add(3, 'nanite-model@a.service', { smaps_rollup: 'Pss:   4000 kB\n' });
    add(4, 'nanite-model-gpu@b.service', { smaps_rollup: 'Pss:   8000 kB\n' });
    add(5, 'ssh.service', { smaps_rollup: 'Pss:   16000 kB\n' });
    expect(await heldByUs(proc)).toMatchObject({
      services: 3000 * 1024,
      workers: 12_000 * 1024,
      shared: 'each',
    });
  } finally {
    rmSync(proc, { recursive: true });
  }
});

test('packets that left fail the check, and are shown', () => {
  expect(judgePackets([])).toMatchObject({ status: 'pass', data: { left: 0 } });
  const arp = { device: 'eth0', text: 'ARP, Request who-has 10.0.2.2 tell 10.0.2.15, length 28' };
  expect(judgePackets([arp, arp])).toMatchObject({
    status: 'pass',
    detail: 'nothing left this machine during the checks but what keeps the network: ARP 2',
  });
  const ping = { device: 'eth0', text: 'IP 10.0.2.15 > 192.0.2.1: ICMP echo request' };
  expect(judgePackets([arp, ping])).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('eth0: IP 10.0.2.15 > 192.0.2.1') as string,
    data: { left: 1, link: 1 },
  });
});

test('people are told from services', () => {
  expect(usersIn(' 113 lightdm no active\n1000 nanite no active\n')).toEqual([{ uid: 1000, name: 'nanite' }]);
});

test('a live medium is known by the words of its kernel', () => {
  expect(isLive('BOOT_IMAGE=/live/vmlinuz boot=live components quiet')).toBe(true);
  expect(isLive('root=/dev/sda1 boot=live-not quiet')).toBe(false);
});
