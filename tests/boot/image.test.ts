import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  damagedCopy,
  findOnMedium,
  isBlank,
  readText,
  screenContent,
  VirtualMachine,
  waitForDesktop,
  type Screenshot,
  type VmOptions,
} from '@nanite/vm';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { keepPicture, keepText, newestImage } from './images';
import { awaitSelfCheck, chooseInMenu, killedForMemory, logIn, packetsThatLeft } from './live-system';

const iso = process.env['NANITE_IMAGE'] ?? newestImage(/-desktop-amd64\.iso$/);
const withoutModels = process.env['NANITE_IMAGE_NO_MODELS'] ?? newestImage(/-desktop-no-models-amd64\.iso$/);
const server = process.env['NANITE_IMAGE_SERVER'] ?? newestImage(/-server-amd64\.iso$/);

/** A whole live system under translation, on a machine that does other things too. */
const bootTimeout = 1_200_000;

const folder = mkdtempSync(join(tmpdir(), 'nanite-boot-'));
afterAll(() => rmSync(folder, { recursive: true }));

let machine: VirtualMachine | undefined;

async function boot(options: Partial<VmOptions>, image = iso): Promise<VirtualMachine> {
  if (image === null) throw new Error('there is no image in dist/images/: make iso builds one');
  machine = await VirtualMachine.boot({ image, lifetime: 3_000_000, ...options });
  return machine;
}

/** The desktop as it is once it has come up; its picture is kept. */
async function desktopOf(live: VirtualMachine, name: string): Promise<Screenshot> {
  const { screen } = await waitForDesktop(live, { timeout: live.age + bootTimeout });
  keepPicture(`${name}-desktop`, screen);
  return screen;
}

afterEach(async () => {
  await machine?.stop();
  machine = undefined;
});

describe('the image', () => {
  it(
    'checks itself on BIOS with 2 GiB and no network card: it answers, and cites a file',
    { timeout: 3_000_000 },
    async () => {
      const live = await boot({ firmware: 'bios', memory: 2048, network: 'none' });
      await chooseInMenu(live, 'bios-menu', 'self-check');
      const check = await awaitSelfCheck(live, 'bios-selfcheck');
      const desktop = await desktopOf(live, 'bios');
      expect(screenContent(desktop).colours).toBeGreaterThan(40);
      expect(check.report.system.live).toBe(true);
      expect(Object.values(check.statuses)).not.toContain('fail');
      expect(check.statuses).toMatchObject({ units: 'pass', ask: 'pass', knowledge: 'pass' });
      // The larger model of the image needs more than 2 GiB: it is said, and the small one answers.
      const said = (id: string) => check.report.checks.find((each) => each.id === id)?.detail;
      expect(said('gateway')).toMatch(/^not every model runs here: qwen2\.5-coder:1\.5b/);
      expect(said('ask')).toMatch(/^smollm2:135m: /);
      expect(check.rc).toBe(0);
      await logIn(live, 300_000);
      expect(await killedForMemory(live)).toEqual([]);
    },
  );

  it(
    'checks itself under Secure Boot with a network card: nothing leaves, nothing listens',
    { timeout: 3_000_000 },
    async () => {
      const capture = join(folder, 'secure-boot.pcap');
      const live = await boot({ firmware: 'secure-boot', memory: 3072, network: 'user', capture });
      await chooseInMenu(live, 'secure-boot-menu', 'self-check');
      const check = await awaitSelfCheck(live, 'secure-boot-selfcheck');
      const desktop = await desktopOf(live, 'secure-boot');
      expect(screenContent(desktop).colours).toBeGreaterThan(40);
      expect(check.statuses).toMatchObject({
        ask: 'pass',
        knowledge: 'pass',
        listeners: 'pass',
        outbound: 'pass',
      });
      expect(check.rc).toBe(0);
      await logIn(live, 300_000);
      // The last byte of the variable is its value; the four before it are attributes.
      const { output } = await live.serial.run('od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*', 60_000);
      expect(output.trim()).toMatch(/\b1$/);
      expect(packetsThatLeft(capture)).toEqual([]);
    },
  );

  it(
    'comes to the desktop from a UEFI stick without a key being pressed',
    { timeout: 3_000_000 },
    async () => {
      const live = await boot({ firmware: 'uefi', medium: 'stick', memory: 3072, network: 'user' });
      const menu = await live.waitForWords(/nanite/i, 180_000);
      keepPicture('uefi-stick-menu', menu);
      expect(isBlank(menu)).toBe(false);
      const desktop = await desktopOf(live, 'uefi-stick');
      expect(isBlank(desktop)).toBe(false);
      expect(await readText(desktop)).toMatch(/applications/i);
    },
  );

  it('comes up with 1 GiB, says that no model fits, and kills nothing', { timeout: 3_000_000 }, async () => {
    const live = await boot({ firmware: 'bios', memory: 1024, network: 'none' });
    await chooseInMenu(live, 'small-menu', 'self-check');
    const check = await awaitSelfCheck(live, 'small-selfcheck');
    expect(check.statuses).toMatchObject({ units: 'pass', gateway: 'pass', ask: 'warn' });
    expect(check.detail('ask')).toMatch(/memory|fit|GiB|GB|MB/);
    // The model that knows what words mean may just fit, or just not: then the file is found by its words.
    expect(Object.values(check.statuses)).not.toContain('fail');
    expect(check.rc).toBe(0);
    await logIn(live, 300_000);
    expect(await killedForMemory(live)).toEqual([]);
    await desktopOf(live, 'small');
  });
});

describe('the other entries', () => {
  async function openTerminal(live: VirtualMachine): Promise<void> {
    await live.press('ctrl', 'alt', 't');
    await live.waitForWords(/nanite@|~\s?\$/i, 180_000);
  }

  /** What a command says in the terminal of the desktop. It goes to the serial line, where letters are certain. */
  async function inTerminal(live: VirtualMachine, command: string, answer: RegExp): Promise<RegExpExecArray> {
    await live.type(`(${command}) | sudo tee /dev/ttyS0\n`);
    return await live.serial.waitForText(answer, 300_000);
  }

  it('come to the desktop with safe graphics', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 2048 });
    await chooseInMenu(live, 'safe-menu', 'safe graphics');
    await desktopOf(live, 'safe');
    await openTerminal(live);
    await inTerminal(live, 'cat /proc/cmdline', /nomodeset/);
  });

  it('copy Nanite to memory: the medium can be taken out', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 5120 });
    await chooseInMenu(live, 'memory-menu', 'copy to RAM');
    await desktopOf(live, 'memory');
    await openTerminal(live);
    await live.takeOutMedium();
    // Nothing that was read before counts.
    const read =
      'echo 3 | sudo tee /proc/sys/vm/drop_caches; findmnt -no FSTYPE /run/live/medium; cat /usr/bin/* | wc -c';
    const [, bytes] = await inTerminal(live, read, /\btmpfs\s+(\d{8,})\b/);
    keepPicture('memory-without-medium', await live.screenshot());
    expect(Number(bytes)).toBeGreaterThan(100_000_000);
    await inTerminal(live, 'nanite ask Hello && echo it answered', /it answered/);
  });

  it('leave the medium in use where the memory is too small for it', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 1536 });
    await chooseInMenu(live, 'little-memory-menu', 'copy to RAM');
    const said = await live.waitForWords(/leave it in/i, 600_000);
    keepPicture('little-memory-warning', said);
    await desktopOf(live, 'little-memory');
  });

  it('give a login on the serial line', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 2048 });
    await chooseInMenu(live, 'serial-menu', 'serial');
    await logIn(live, bootTimeout);
    const { output } = await live.serial.run('tty; id -un', 60_000);
    expect(output).toMatch(/ttyS0\s+nanite/);
  });
});

describe('a medium whose system cannot be mounted', () => {
  it('says so, and what to do', { timeout: 3_000_000 }, async () => {
    if (iso === null) throw new Error('there is no image in dist/images/: make iso builds one');
    const overlay = join(folder, 'unmountable.qcow2');
    // The first byte of the squashfs: its magic number.
    damagedCopy(iso, overlay, findOnMedium(iso, '/live/filesystem.squashfs').offset);
    const live = await boot({ memory: 1024, format: 'qcow2' }, overlay);
    await chooseInMenu(live, 'unmountable-menu', 'start');
    const said = await live.waitForWords(/could not be started/i, 600_000);
    keepPicture('unmountable', said);
    expect(await readText(said)).toMatch(/damaged/i);
  });
});

describe('the entry that checks the medium', () => {
  /** What the serial line and the screen say at the end. */
  async function verdict(live: VirtualMachine, name: string): Promise<{ serial: string; screen: string }> {
    try {
      await live.serial.waitForText(/medium is (good|DAMAGED)/, bootTimeout);
      await sleep(2000);
      const screen = await live.screenshot();
      keepPicture(name, screen);
      return { serial: live.serial.transcript, screen: await readText(screen) };
    } finally {
      keepText(`${name}-serial.txt`, live.serial.transcript);
    }
  }

  it('says of a good medium that it is good', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 1024 });
    await chooseInMenu(live, 'check-menu', 'check the medium');
    const { serial, screen } = await verdict(live, 'check-good');
    expect(serial).toMatch(/medium is good: all \d{3} files/);
    // Words that are read well in the letters of a text console.
    expect(screen).toMatch(/as they were made/i);
    expect(screen).not.toMatch(/damaged/i);
  });

  it('says of a medium with one flipped bit that it is damaged', { timeout: 3_000_000 }, async () => {
    if (iso === null) throw new Error('there is no image in dist/images/: make iso builds one');
    const { offset, length } = findOnMedium(iso, '/live/filesystem.squashfs');
    const overlay = join(folder, 'damaged.qcow2');
    damagedCopy(iso, overlay, offset + Math.floor(length * 0.7));
    const live = await boot({ memory: 1024, format: 'qcow2' }, overlay);
    await chooseInMenu(live, 'damaged-menu', 'check the medium');
    const { serial, screen } = await verdict(live, 'check-damaged');
    expect(serial).toMatch(/DAMAGED[^]*\/live\/filesystem\.squashfs/);
    expect(screen).toMatch(/damaged[^]*filesystem\.squashfs/i);
  });
});

describe.skipIf(withoutModels === null)('the image without models', () => {
  it('says how to get a model, on line and off', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 2048 }, withoutModels);
    await chooseInMenu(live, 'no-models-menu', 'self-check');
    const check = await awaitSelfCheck(live, 'no-models-selfcheck');
    expect(check.statuses).toMatchObject({ units: 'pass', gateway: 'pass', ask: 'warn', knowledge: 'warn' });
    expect(check.detail('ask')).toMatch(/nanite models (pull|search|import)/);
    expect(check.detail('knowledge')).toMatch(/found by its words/);
    // How it was made is not a fault in it.
    expect(check.rc).toBe(0);
    await logIn(live, 300_000);
    const { code, output } = await live.serial.run('nanite ask hello', 180_000);
    expect(code).not.toBe(0);
    expect(output).toMatch(/nanite models pull/);
    expect(output).toMatch(/import|apt install|offline/);
  });
});

describe.skipIf(server === null)('the server image', () => {
  it('checks itself, answers, and gives a login without a screen', { timeout: 3_000_000 }, async () => {
    const live = await boot({ memory: 2048, network: 'user' }, server);
    await chooseInMenu(live, 'server-menu', 'self-check');
    const check = await awaitSelfCheck(live, 'server-selfcheck');
    expect(Object.values(check.statuses)).not.toContain('fail');
    expect(check.statuses).toMatchObject({ units: 'pass', gateway: 'pass', ask: 'pass', listeners: 'pass' });
    expect(check.rc).toBe(0);
    keepPicture('server-console', await live.screenshot());
    await logIn(live, 300_000);
    const { code, output } = await live.serial.run('nanite ask What is the capital of France', 300_000);
    expect(code).toBe(0);
    expect(output).toMatch(/Paris/);
  });
});
