import { describe, expect, it } from 'vitest';
import { qemuArguments } from './arguments';
import type { VmOptions } from './options';

const paths = { monitor: '/run/m', variables: '/run/v', outbox: '/run/o' };
const line = (options: Partial<VmOptions>): string =>
  qemuArguments({ image: '/i.iso', ...options }, paths, 'tcg').join(' ');

describe('the command line of QEMU', () => {
  it('has no network card unless asked', () => {
    expect(line({})).toContain('-nic none');
    expect(line({})).not.toContain('netdev');
  });

  it('forwards ports from loopback only', () => {
    const text = line({ network: 'user', forwards: [{ host: 8080, guest: 11434 }] });
    expect(text).toContain('-netdev user,id=net,hostfwd=tcp:127.0.0.1:8080-:11434 ');
    expect(text).not.toContain('-nic');
  });

  it('refuses to forward a port where there is no way', () => {
    const forwards = [{ host: 1, guest: 2 }];
    expect(() => line({ forwards })).toThrow(expect.objectContaining({ code: 'no-network' }));
    expect(() => line({ network: 'restricted', forwards })).toThrow(/restricted/);
  });

  it('lets nothing out of a restricted network', () => {
    expect(line({ network: 'restricted' })).toContain('-netdev user,id=net,restrict=on');
  });

  it('writes packets to a file, whatever its name', () => {
    expect(line({ network: 'user', capture: '/a,b.pcap' })).toContain(
      'filter-dump,id=capture,netdev=net,file=/a,,b.pcap',
    );
  });

  it('takes no firmware files on BIOS', () => {
    expect(line({ firmware: 'bios' })).not.toContain('pflash');
  });

  it('guards the variables of Secure Boot, and those only', () => {
    expect(line({ firmware: 'secure-boot' })).toContain(
      '-machine q35,smm=on -global driver=cfi.pflash01,property=secure',
    );
    expect(line({ firmware: 'secure-boot' })).toContain('OVMF_CODE_4M.secboot.fd');
    expect(line({ firmware: 'uefi' })).not.toMatch(/smm|secure/);
    expect(line({ firmware: 'uefi' })).toContain('if=pflash,unit=1,format=raw,file=/run/v');
  });

  it.each([
    ['cd', 'ide-cd'],
    ['stick', 'usb-storage'],
    ['disk', 'virtio-blk-pci'],
  ] as const)('connects the image read-only as a %s', (medium, device) => {
    const text = line({ medium });
    expect(text).toContain(`-device ${device},drive=medium,bootindex=1`);
    expect(text).toContain('if=none,id=medium,readonly=on,format=raw,file=/i.iso');
  });

  it('shows the screen to nobody, in a window, or on loopback', () => {
    expect(line({})).toContain('-display none');
    expect(line({})).not.toContain('-vnc');
    expect(line({ display: 'window' })).toContain('-display gtk');
    expect(line({ display: 7 })).toContain('-vnc 127.0.0.1:7');
  });

  it('does not start again unless asked', () => {
    expect(line({})).toContain('-no-reboot');
    expect(line({ reboot: true })).not.toContain('-no-reboot');
  });

  it('takes the processor as it is under KVM, and otherwise one without what is slow to translate', () => {
    expect(line({})).toContain('-accel tcg,thread=multi -cpu Nehalem-v1');
    expect(qemuArguments({ image: '/i.iso' }, paths, 'kvm').join(' ')).toContain('-accel kvm -cpu host');
  });
});
