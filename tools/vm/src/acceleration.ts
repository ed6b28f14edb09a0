import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';

export type Acceleration = 'kvm' | 'tcg';

/** What isa-debug-exit makes of the 0x10 that the probe writes to its port: (0x10 << 1) | 1. */
const probeSucceeded = 33;

/**
 * A boot sector that enters protected mode, executes SHLX and reports to isa-debug-exit.
 *
 * Debian's kernel unpacks itself with BMI2 instructions like this one. A KVM that emulates instead of executing (seen
 * in nested machines) runs firmware and plain boot sectors and dies of "KVM internal error" there.
 */
export function probeSector(): Buffer {
  const sector = Buffer.alloc(512);
  const realMode = [
    [0xfa], // cli
    [0x31, 0xc0, 0x8e, 0xd8], // ds = 0
    [0x0f, 0x01, 0x16, 0x30, 0x7c], // lgdt [0x7c30]
    [0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], // cr0 |= protected mode
    [0xea, 0x17, 0x7c, 0x08, 0x00], // jmp 8:0x7c17
  ].flat();
  const protectedMode = [
    [0xb8, 0x01, 0x00, 0x00, 0x00], // mov eax, 1
    [0xc4, 0xe2, 0x79, 0xf7, 0xc0], // shlx eax, eax, eax
    [0x66, 0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee], // out 0xf4, 0x10
    [0xf4], // hlt
  ].flat();
  Buffer.from([...realMode, ...protectedMode]).copy(sector);
  // The descriptor table's pointer, and in the table a flat 32-bit code segment after the empty descriptor.
  sector.writeUInt16LE(15, 0x30);
  sector.writeUInt32LE(0x7c40, 0x32);
  Buffer.from([0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xcf, 0x00]).copy(sector, 0x48);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Whether this machine executes the probe under the acceleration; false also where QEMU cannot start with it. */
export function executes(acceleration: Acceleration): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-vm-probe-'));
  try {
    writeFileSync(join(folder, 'sector'), probeSector());
    execFileSync(
      'qemu-system-x86_64',
      [
        ...[
          '-accel',
          acceleration,
          '-cpu',
          acceleration === 'kvm' ? 'host' : 'max',
          '-m',
          '16',
          '-nodefaults',
        ],
        ...['-display', 'none', '-no-reboot', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'],
        ...['-drive', `file=${join(folder, 'sector')},format=raw,if=ide,readonly=off,snapshot=on`],
      ],
      { stdio: 'ignore', timeout: 5000, killSignal: 'SIGKILL' },
    );
    return false;
  } catch (error) {
    return (error as { status?: unknown }).status === probeSucceeded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    // No device, or not for this user: not an error, there is the other way.
    return false;
  }
}

let found: Acceleration | undefined;

/**
 * KVM where it executes what a kernel needs, else QEMU's own translation. Looked up once a process.
 *
 * @throws NaniteError `unknown-acceleration` where $NANITE_VM_ACCEL names neither
 */
export function acceleration(): Acceleration {
  const wanted = process.env['NANITE_VM_ACCEL'];
  if (wanted === 'kvm' || wanted === 'tcg') return wanted;
  if (wanted !== undefined && wanted !== '') {
    throw new NaniteError('unknown-acceleration', `NANITE_VM_ACCEL is '${wanted}'`, {
      hint: 'it is kvm or tcg',
    });
  }
  found ??= hasKvm() && executes('kvm') ? 'kvm' : 'tcg';
  return found;
}
