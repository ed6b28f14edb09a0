import { HardwareReport } from '@nanite/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** nanite-gpu-detect alone, on a booted machine without a network. */
let machine: Machine;
const unit = 'nanite-gpu-detect.service';
const file = '/run/nanite/hardware.json';

beforeAll(async () => {
  machine = await Machine.withPackages('gpu-detect', ['nanite-gpu-detect']);
}, 300_000);
afterAll(() => machine?.stop());

const read = async (): Promise<HardwareReport> =>
  HardwareReport.parse(JSON.parse((await machine.run(`cat ${file}`)).stdout));

const runs = async (): Promise<number> =>
  Number(
    (await machine.run(`journalctl -u ${unit} --no-pager | grep -c 'Finished'`, { check: false })).stdout,
  );

describe('the service', () => {
  test('has written the report when the installation is over', async () => {
    const report = await read();
    const { stdout } = await machine.run(
      "grep -c ^processor /proc/cpuinfo; awk '/^MemTotal/{print $2}' /proc/meminfo",
    );
    const [threads, total] = stdout.trim().split('\n').map(Number);
    expect(report.cpu.threads).toBe(threads);
    expect(report.memory.totalBytes).toBeGreaterThan(0);
    // A control group may leave less than the machine has.
    expect(report.memory.totalBytes).toBeLessThanOrEqual(total! * 1024);
    expect(report.memory.modelBudgetBytes).toBeGreaterThan(report.memory.totalBytes / 4);
    expect(report.virtualisation).toBe('systemd-nspawn');
    expect(report.recommended).toBeNull();
  });

  test('says under its sandbox what the command says to root outside of it', async () => {
    await machine.run(`systemctl restart ${unit}`);
    const inside = await read();
    const outside = HardwareReport.parse(JSON.parse((await machine.run('nanite-gpu-detect --json')).stdout));
    // What is measured again each time.
    const timeless = (report: HardwareReport) => ({
      ...report,
      memory: { ...report.memory, availableBytes: 0, bytesPerSecond: 0 },
    });
    expect(timeless(inside)).toEqual(timeless(outside));
    expect(inside.advice.map(({ code }) => code)).not.toContain('unreadable');
  });

  test('gives a report that everybody may read and nobody else may change', async () => {
    const { stdout } = await machine.run(`stat -L -c '%a %U' ${file} && stat -c '%a %U' /run/nanite`);
    expect(stdout).toBe('644 nanite-gpu-detect\n755 root\n');
    expect((await machine.run(`cat ${file}`, { user: 'games' })).stdout).toContain('"schema": 1');
    expect((await machine.run(`echo x >${file}`, { user: 'games', check: false })).code).not.toBe(0);
  });

  test('has an exposure of 1.5 or less', async () => {
    const { stdout } = await machine.run(`systemd-analyze security --no-pager ${unit} | tail -n1`);
    expect(Number(/: ([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN), stdout).toBeLessThanOrEqual(1.5);
  });

  test('runs at start', async () => {
    expect((await machine.run(`systemctl is-enabled ${unit}`)).stdout.trim()).toBe('enabled');
  });

  test('writes only in its own folder: the same write works without the sandbox (control)', async () => {
    const properties = (await machine.run(`systemctl cat ${unit}`)).stdout
      .split('\n')
      .filter((line) =>
        /^(ProtectSystem|ProtectHome|User|RuntimeDirectory|RuntimeDirectoryPreserve|PrivateNetwork)=/.test(
          line,
        ),
      )
      .map((line) => `-p ${line}`)
      .join(' ');
    const write = "sh -c 'echo x >/run/nanite/intruder.sock'";
    expect((await machine.run(write)).code).toBe(0);
    await machine.run('rm /run/nanite/intruder.sock');
    const confined = await machine.run(`systemd-run --quiet --wait --pipe ${properties} ${write}`, {
      check: false,
    });
    expect(confined.code).not.toBe(0);
    expect((await machine.run('test -e /run/nanite/intruder.sock', { check: false })).code).toBe(1);
  });
});

describe('the report is made again', () => {
  test('when a backend is installed or removed', async () => {
    const before = await runs();
    // A package that puts a file where backends lie, as nanite-llama-vulkan does.
    await machine.run(
      [
        'mkdir -p /tmp/backend/DEBIAN /tmp/backend/usr/lib/nanite/llama',
        "printf 'Package: nanite-test-backend\\nVersion: 1\\nArchitecture: all\\nMaintainer: T <t@example.org>\\nDescription: test\\n' >/tmp/backend/DEBIAN/control",
        'touch /tmp/backend/usr/lib/nanite/llama/libggml-vulkan.so',
        'dpkg-deb --root-owner-group -b /tmp/backend /tmp/backend.deb',
        'dpkg -i /tmp/backend.deb',
      ].join(' && '),
    );
    await expect.poll(runs, { timeout: 20_000 }).toBeGreaterThan(before);
    const installed = await runs();
    await machine.run('dpkg --purge nanite-test-backend && rm -r /tmp/backend /tmp/backend.deb');
    await expect.poll(runs, { timeout: 20_000 }).toBeGreaterThan(installed);
  });

  test('by a udev rule that udev accepts', async () => {
    const rules = '/usr/lib/udev/rules.d/60-nanite-gpu-detect.rules';
    const { stdout } = await machine.run(`cat ${rules}`);
    expect(stdout).toContain(`systemctl --no-block restart ${unit}`);
    const verify = await machine.run(
      `command -v udevadm >/dev/null && udevadm verify --no-summary ${rules}`,
      {
        check: false,
      },
    );
    // The minimal machine has no udev; where it is, the rule must pass.
    if (verify.stdout !== '' || verify.stderr !== '')
      expect(verify.code, verify.stdout + verify.stderr).toBe(0);
  });
});

test('a report that cannot be written is status 1 and keeps the old one', async () => {
  const { code, stderr } = await machine.run('nanite-gpu-detect --write /nowhere/hardware.json', {
    check: false,
  });
  expect(code).toBe(1);
  expect(stderr).toContain('Cannot write /nowhere/hardware.json');
  expect((await read()).schema).toBe(1);
});

test('has a manual page', async () => {
  const { stdout } = await machine.run('dpkg -L nanite-gpu-detect');
  expect(stdout).toContain('/usr/share/man/man1/nanite-gpu-detect.1.gz');
});

test('purging leaves nothing in /run either', async () => {
  await machine.run('apt-get purge -y nanite-gpu-detect');
  expect((await machine.run('ls -A /run/nanite 2>/dev/null', { check: false })).stdout).toBe('');
});
