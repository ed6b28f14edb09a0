import { execFileSync } from 'node:child_process';
import type { CommandResult, VirtualMachine } from '@nanite/vm';
import { z } from 'zod';
import { keepPicture, keepText } from './images';

/** The entries of the boot menu, from the top. */
export const menuEntries = [
  'start',
  'safe graphics',
  'copy to RAM',
  'check the medium',
  'serial',
  'self-check',
] as const;
export type MenuEntry = (typeof menuEntries)[number];

/** Firmware takes seconds where KVM works, and most of a minute where it does not and others compute. */
const menuTimeout = 180_000;

const selfCheckTimeout = 1_500_000;

/**
 * Wait for the boot menu, take a picture of it, and start one of its entries by keys.
 *
 * @param name of the picture
 */
export async function chooseInMenu(machine: VirtualMachine, name: string, entry: MenuEntry): Promise<void> {
  const menu = await machine.waitForWords(/nanite/i, menuTimeout);
  // The first key ends the countdown.
  await machine.press('home');
  keepPicture(name, menu);
  for (let down = 0; down < menuEntries.indexOf(entry); down++) await machine.press('down');
  await machine.press('ret');
}

/** What is judged here of what nanite-selfcheck reports; the whole is packages/selfcheck/src/report.ts. */
const SelfCheckReport = z.looseObject({
  passed: z.boolean(),
  system: z.looseObject({ live: z.boolean(), name: z.string() }),
  checks: z.array(
    z.looseObject({
      id: z.string(),
      status: z.enum(['pass', 'fail', 'skip', 'warn']),
      detail: z.string(),
      hint: z.string().nullable(),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
});

export interface SelfCheck {
  /** Exit status of nanite-selfcheck. */
  rc: number;
  report: z.infer<typeof SelfCheckReport>;
  /** Status by check. */
  statuses: Record<string, string>;
  /** What the check found, by its name; '' for one that was not made. */
  detail(id: string): string;
}

/** Wait for what the live system writes of its self-check to the serial line; the text is kept for people. */
export async function awaitSelfCheck(machine: VirtualMachine, name: string): Promise<SelfCheck> {
  const keep = (): void => keepText(`${name}-serial.txt`, machine.serial.transcript);
  // As it grows: whoever ends a test that takes too long wants to know where it was.
  const keeping = setInterval(keep, 10_000);
  try {
    await machine.serial.waitForText('NANITE-SELFCHECK-BEGIN', selfCheckTimeout);
    const [, between = '', rc = ''] = await machine.serial.waitForText(
      /([^]*?)NANITE-SELFCHECK-END rc=(\d+)/,
      selfCheckTimeout,
    );
    // The kernel may speak on the same line.
    const json = between.split('\n').find((line) => line.startsWith('{')) ?? '';
    keepText(`${name}.json`, `${json}\n`);
    const report = SelfCheckReport.parse(JSON.parse(json));
    return {
      rc: Number(rc),
      report,
      statuses: Object.fromEntries(report.checks.map(({ id, status }) => [id, status])),
      detail: (id) => {
        const found = report.checks.find((check) => check.id === id);
        return found === undefined ? '' : `${found.detail}\n${found.hint ?? ''}`;
      },
    };
  } catch (error) {
    if (machine.running) keepPicture(`${name}-failed`, await machine.screenshot());
    throw error;
  } finally {
    clearInterval(keeping);
    keep();
  }
}

/**
 * Log in on the serial line as the person of the live system.
 *
 * @param timeout milliseconds until the shell's prompt must be there
 */
export async function logIn(machine: VirtualMachine, timeout: number): Promise<void> {
  machine.serial.type('\n');
  const [prompt] = await machine.serial.waitForText(/login: |\$ $/, timeout);
  if (prompt.startsWith('login')) {
    machine.serial.type('nanite\n');
    await machine.serial.waitForText(/password: /i, 60_000);
    machine.serial.type('live\n');
    await machine.serial.waitForText(/\$ $/, 120_000);
  }
  // Nothing that colours or titles, and no pager.
  await machine.serial.run('export TERM=dumb PAGER=cat SYSTEMD_PAGER=', 60_000);
}

/** Processes that the kernel killed for want of memory, as its log names them. */
export async function killedForMemory(machine: VirtualMachine): Promise<string[]> {
  const { output }: CommandResult = await machine.serial.run(
    "sudo -n journalctl -b --no-pager -o cat | grep -E 'Out of memory|oom-kill|Killed process|Failed with result .oom' || true",
    240_000,
  );
  return output.split('\n').filter((line) => line.trim() !== '');
}

/** What every network card does to be one, and the clock: judged here apart from how nanite-selfcheck judges it. */
const ofEveryMachine =
  /ARP, |ICMP6, (neighbor|router|multicast)|igmp|BOOTP\/DHCP|dhcp6|\.123: NTPv|\.53: .*\bA{1,4}\? \S*ntp\.org\./;

/**
 * What a machine sent since it was switched on, but for setting up the network and the time.
 *
 * @param capture of its network card, in pcap form
 */
export function packetsThatLeft(capture: string): string[] {
  const sent = execFileSync('tcpdump', ['-n', '-t', '-r', capture, 'ether src 52:54:00:12:34:56'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = sent.split('\n').filter((line) => line !== '');
  // A machine that never asked for an address was not watched.
  if (!lines.some((line) => line.includes('BOOTP/DHCP'))) throw new Error(`${capture} shows no DHCP`);
  return lines.filter((line) => !ofEveryMachine.test(line));
}
