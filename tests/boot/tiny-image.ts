import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs as the first process of the tiny system: a shell on the serial line, words on the screen. */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console failover net_failover virtio_net
do [ -e /lib/$module.ko.xz ] && unxz -c /lib/$module.ko.xz >/$module.ko && insmod /$module.ko; done
for port in /sys/class/virtio-ports/*/name
do [ -e "$port" ] || continue
   mkdir -p /dev/virtio-ports; ln -s /dev/$(basename $(dirname $port)) /dev/virtio-ports/$(cat $port); done
[ -e /sys/class/net/eth0 ] && ip link set lo up && ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ip route add default via 10.0.2.2
printf '\\n\\n   The tiny system of Nanite is awake\\n\\n' >/dev/tty0
echo 'TINY SYSTEM READY'
while true; do setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'; done
`;

const menu = `set timeout=30
set default=0
menuentry "Nanite tiny system" {
  linux /boot/vmlinuz console=tty0 console=ttyS0,115200 quiet
  initrd /boot/initrd
}
menuentry "Switch off" { halt }
`;

const modules = [
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci',
  'drivers/char/virtio_console',
  'net/core/failover',
  'drivers/net/net_failover',
  'drivers/net/virtio_net',
];

/**
 * An ISO of 30 MB that boots on BIOS and UEFI in seconds where a live system takes minutes: Debian's kernel, busybox, and
 * GRUB without a signature. Made of what the image root has installed.
 *
 * @param folder where it and its parts are made
 * @returns the path of the ISO
 */
export function makeTinyImage(folder: string): string {
  const root = join(folder, 'root');
  const tree = join(folder, 'tree');
  mkdirSync(join(root, 'bin'), { recursive: true });
  for (const name of ['proc', 'sys', 'dev', 'lib']) mkdirSync(join(root, name));
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  writeFileSync(join(root, 'init'), init);
  chmodSync(join(root, 'init'), 0o755);
  const kernel = readdirSync('/boot').find((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error('the root has no kernel: run this in the image root');
  const version = kernel.slice('vmlinuz-'.length);
  for (const path of modules) {
    const file = `/usr/lib/modules/${version}/kernel/${path}.ko.xz`;
    try {
      copyFileSync(file, join(root, 'lib', file.slice(file.lastIndexOf('/') + 1)));
    } catch (error) {
      // Built in, or split another way, in another kernel: the test of what needs it then says so.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  mkdirSync(join(tree, 'boot/grub'), { recursive: true });
  writeFileSync(join(tree, 'boot/grub/grub.cfg'), menu);
  copyFileSync(join('/boot', kernel), join(tree, 'boot/vmlinuz'));
  execFileSync('sh', [
    '-c',
    `cd '${root}' && find . | cpio --quiet -o -H newc | gzip -1 >'${tree}/boot/initrd'`,
  ]);
  const iso = join(folder, 'tiny.iso');
  execFileSync('grub-mkrescue', ['-o', iso, tree], { stdio: 'ignore' });
  return iso;
}
