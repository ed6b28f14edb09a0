/** BIOS, UEFI, or UEFI that starts only what Microsoft's or Debian's keys have signed. */
export type Firmware = 'bios' | 'uefi' | 'secure-boot';

/** How the medium is connected: a CD drive, a USB stick, or the machine's own disk. */
export type Medium = 'cd' | 'stick' | 'disk';

/**
 * `none`: no network card at all. `user`: a card, behind QEMU's own NAT. `restricted`: the same card, but nothing gets out
 * and nothing answers except DHCP.
 */
export type Network = 'none' | 'user' | 'restricted';

export interface Forward {
  /** Port on 127.0.0.1 of this machine. */
  host: number;
  /** Port of the booted machine, on the address that DHCP gave it. */
  guest: number;
}

export interface VmOptions {
  /** What is booted: an ISO, or a disk. Never written to. */
  image: string;
  /** Of the image file; default raw. */
  format?: 'raw' | 'qcow2';
  /** Default cd. */
  medium?: Medium;
  /** Default bios. */
  firmware?: Firmware;
  /** MiB; default 2048. */
  memory?: number;
  /** Default 2. */
  cpus?: number;
  /** Default none. */
  network?: Network;
  /** Only with the network `user`. */
  forwards?: Forward[];
  /** A file into which every packet of the network card goes, in pcap form. */
  capture?: string;
  /** Default none: the screen exists, and is seen by screenshots only. A number is a VNC display on 127.0.0.1. */
  display?: 'none' | 'window' | number;
  /** A guest that asks for a restart gets it; default false: the machine ends. */
  reboot?: boolean;
  /** Milliseconds after which the machine is ended however it is; default 30 minutes, 0 for never. */
  lifetime?: number;
}
