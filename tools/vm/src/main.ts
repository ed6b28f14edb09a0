import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeError, NaniteError } from '@nanite/kit';
import { acceleration } from './acceleration';
import { parseForward, parseMemory } from './command-line';
import type { Firmware, Medium, VmOptions } from './options';
import { freeVncDisplay, hasReachableDisplay } from './displays';
import { encodePng } from './screen';
import { VirtualMachine } from './virtual-machine';

const images = resolve(dirname(fileURLToPath(import.meta.url)), '../../../dist/images');

const usage = `usage: main.ts boot [IMAGE] [OPTION…]

Boots an image in QEMU for a person to look at. Without IMAGE, the newest of dist/images/. Run it inside the image root:
make boot, or tools/target/target enter -r image node --import tsx tools/vm/src/main.ts boot …

  --bios, --uefi, --secure-boot   the firmware; default --bios
  --cd, --stick, --disk           how the medium is connected; default --cd
  --memory SIZE                   2G, 1536M; default 4G
  --cpus N                        default 2
  --no-network                    without a network card
  --forward HOST:GUEST            a port of 127.0.0.1 leads to a port of the machine; may be given more than once
  --capture FILE                  write every packet of the network card there (pcap)
  --vnc                           a VNC address even where there is a display
  --screenshot FILE               write a picture of the screen there every ten seconds (PNG)
  --serial                        this terminal is the serial line

Ctrl-C, or closing the window, pulls the plug. $NANITE_VM_ACCEL (kvm, tcg) overrides what the probe finds.
`;

function newestImage(): string {
  const isos = (() => {
    try {
      return readdirSync(images).filter((name) => name.endsWith('.iso'));
    } catch {
      // Nothing was built yet: the same as an empty folder.
      return [];
    }
  })().map((name) => ({ path: join(images, name), at: statSync(join(images, name)).mtimeMs }));
  const [newest] = isos.sort((one, other) => other.at - one.at);
  if (newest === undefined) {
    throw new NaniteError('no-image', 'there is no image in dist/images/', { hint: 'make iso builds one' });
  }
  return newest.path;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A window where there can be one, else a VNC address: an X server may be there and want a cookie that is not. */
async function bootVisibly(
  options: Omit<VmOptions, 'display'>,
  windowWanted: boolean,
): Promise<{ machine: VirtualMachine; display: 'window' | number }> {
  if (windowWanted) {
    try {
      return { machine: await VirtualMachine.boot({ ...options, display: 'window' }), display: 'window' };
    } catch (error) {
      if (!(error instanceof NaniteError) || !(error.hint ?? '').includes('gtk')) throw error;
      say(`No window on DISPLAY=${process.env['DISPLAY']}: ${error.hint?.split('\n').at(-1)}`);
    }
  }
  const display = await freeVncDisplay();
  return { machine: await VirtualMachine.boot({ ...options, display }), display };
}

async function boot(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      bios: { type: 'boolean' },
      uefi: { type: 'boolean' },
      'secure-boot': { type: 'boolean' },
      cd: { type: 'boolean' },
      stick: { type: 'boolean' },
      disk: { type: 'boolean' },
      memory: { type: 'string', default: '4G' },
      cpus: { type: 'string', default: '2' },
      'no-network': { type: 'boolean' },
      forward: { type: 'string', multiple: true, default: [] },
      capture: { type: 'string' },
      vnc: { type: 'boolean' },
      screenshot: { type: 'string' },
      serial: { type: 'boolean' },
    },
  });
  const memory = parseMemory(values.memory);
  const forwards = values.forward.map(parseForward);
  const image = positionals[0] ?? newestImage();
  const firmware: Firmware = values['secure-boot'] ? 'secure-boot' : values.uefi ? 'uefi' : 'bios';
  const medium: Medium = values.disk ? 'disk' : values.stick ? 'stick' : 'cd';
  const options: Omit<VmOptions, 'display'> = {
    image,
    firmware,
    medium,
    memory,
    cpus: Number(values.cpus),
    network: values['no-network'] ? 'none' : 'user',
    forwards,
    capture: values.capture,
    reboot: true,
    lifetime: 0,
  };
  const { machine, display } = await bootVisibly(options, values.vnc !== true && hasReachableDisplay());
  process.once('SIGINT', () => void machine.stop());
  process.once('SIGTERM', () => void machine.stop());
  say(`Booting ${image} (${firmware}, ${medium}, ${memory} MiB).`);
  if (acceleration() === 'tcg') {
    say(
      'KVM does not work here, so QEMU translates: it takes minutes to the desktop, where a computer takes seconds.',
    );
  }
  if (typeof display === 'number') {
    say(
      `There is no window: look at it with a VNC viewer at 127.0.0.1:${5900 + display} (display :${display}).`,
    );
    say(
      `From another computer: ssh -L ${5900 + display}:127.0.0.1:${5900 + display} THIS-COMPUTER, then the same.`,
    );
  }
  for (const { host, guest } of forwards) {
    say(`127.0.0.1:${host} leads to port ${guest} of the machine.`);
  }
  say(`${display === 'window' ? 'Closing the window or ' : ''}Ctrl-C here pulls the plug; nothing is kept.`);
  if (values.serial) attach(machine);
  const { screenshot } = values;
  const pictures =
    screenshot === undefined
      ? undefined
      : setInterval(() => {
          machine.screenshot().then(
            (screen) => {
              mkdirSync(dirname(resolve(screenshot)), { recursive: true });
              writeFileSync(screenshot, encodePng(screen));
            },
            (error: unknown) => say(`no picture: ${describeError(error)}`),
          );
        }, 10_000);
  const { code } = await machine.ended;
  clearInterval(pictures);
  await machine.stop();
  if (code !== 0 && code !== null) throw new NaniteError('vm-failed', `QEMU ended with ${code}`);
}

/** This terminal becomes the serial line's. */
function attach(machine: VirtualMachine): void {
  machine.serial.mirror(process.stdout);
  process.stdin.on('data', (typed: Buffer) => machine.serial.type(typed.toString()));
  void machine.ended.then(() => process.stdin.destroy());
}

async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2);
  if ([command, ...rest].some((word) => word === '--help' || word === '-h')) process.stdout.write(usage);
  else if (command === 'boot') await boot(rest);
  else {
    process.stderr.write(usage);
    process.exitCode = 2;
  }
}

try {
  await main();
} catch (error) {
  const hint = error instanceof NaniteError && error.hint !== null ? `\n  ${error.hint}` : '';
  say(`vm: ${describeError(error)}${hint}`);
  process.exitCode = 1;
}
