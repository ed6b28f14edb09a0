import { NaniteError } from '@nanite/kit';
import type { Acceleration } from './acceleration';
import type { VmOptions } from './options';

/** Files in the machine's own folder. */
export interface VmPaths {
  /** Socket of QEMU's monitor. */
  monitor: string;
  /** This machine's copy of the firmware's variables; of no use on BIOS. */
  variables: string;
  /** What the guest wrote to its virtio port. */
  outbox: string;
}

/** Name of the virtio port in the guest: /dev/virtio-ports/<this>. */
export const outboxPort = 'org.nanite.outbox';

const ovmf = '/usr/share/OVMF';

/** The variables that a machine of this firmware starts with; Microsoft's keys are in those of Secure Boot. */
export const firmwareVariables = {
  uefi: `${ovmf}/OVMF_VARS_4M.fd`,
  'secure-boot': `${ovmf}/OVMF_VARS_4M.ms.fd`,
} as const;

/** QEMU splits its options at commas; one inside a value is written twice. */
const value = (text: string): string => text.replaceAll(',', ',,');

function firmware(options: VmOptions, variables: string): string[] {
  if (options.firmware === undefined || options.firmware === 'bios') return ['-machine', 'q35'];
  const secure = options.firmware === 'secure-boot';
  const code = `${ovmf}/${secure ? 'OVMF_CODE_4M.secboot.fd' : 'OVMF_CODE_4M.fd'}`;
  return [
    '-machine',
    secure ? 'q35,smm=on' : 'q35',
    // Only code in system management mode may write the variables, or the guest could switch Secure Boot off.
    ...(secure ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${value(variables)}`],
  ];
}

function medium({ image, format = 'raw', medium: kind = 'cd' }: VmOptions): string[] {
  const device = {
    cd: 'ide-cd,drive=medium,bootindex=1',
    stick: 'usb-storage,drive=medium,bootindex=1,removable=on',
    disk: 'virtio-blk-pci,drive=medium,bootindex=1',
  }[kind];
  return ['-drive', `if=none,id=medium,readonly=on,format=${format},file=${value(image)}`, '-device', device];
}

function network({ network: kind = 'none', forwards = [], capture }: VmOptions): string[] {
  if (kind !== 'user' && forwards.length > 0) {
    throw new NaniteError('no-network', `a port is forwarded, but the network is '${kind}'`, {
      hint: "take the network 'user'",
    });
  }
  if (kind === 'none') return ['-nic', 'none'];
  const ports = forwards.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`).join('');
  return [
    ...['-netdev', `user,id=net${kind === 'restricted' ? ',restrict=on' : ''}${ports}`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...(capture === undefined ? [] : ['-object', `filter-dump,id=capture,netdev=net,file=${value(capture)}`]),
  ];
}

function display({ display: kind = 'none' }: VmOptions): string[] {
  if (kind === 'window') return ['-display', 'gtk,show-menubar=off'];
  if (kind === 'none') return ['-display', 'none'];
  return ['-display', 'none', '-vnc', `127.0.0.1:${kind}`];
}

/**
 * The processor of a machine that is translated. With one that has AVX2 and FMA, programs choose them, and QEMU computes them
 * lane by lane in software: a model answers some twenty times slower than with SSE4.2 alone (ADR 129).
 */
const translated = 'Nehalem-v1';

/**
 * QEMU's command line for a machine. Its serial line is standard input and output.
 *
 * @throws NaniteError `no-network` where ports are forwarded without one
 */
export function qemuArguments(options: VmOptions, paths: VmPaths, acceleration: Acceleration): string[] {
  return [
    '-nodefaults',
    ...['-accel', acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', acceleration === 'kvm' ? 'host' : translated],
    ...['-smp', String(options.cpus ?? 2), '-m', String(options.memory ?? 2048)],
    ...firmware(options, paths.variables),
    ...(options.reboot === true ? [] : ['-no-reboot']),
    ...['-device', 'VGA,edid=on,xres=1280,yres=800', ...display(options)],
    // A tablet says where the pointer is, a mouse only how far it went. The keyboard is the board's own.
    ...['-device', 'qemu-xhci', '-device', 'usb-tablet'],
    ...['-device', 'virtio-rng-pci'],
    ...medium(options),
    ...network(options),
    ...['-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial'],
    ...['-chardev', `file,id=outbox,path=${value(paths.outbox)}`, '-device', 'virtio-serial-pci'],
    ...['-device', `virtserialport,chardev=outbox,name=${outboxPort}`],
    ...['-qmp', `unix:${value(paths.monitor)},server=on,wait=off`],
  ];
}
