import { printable, type Tree } from './tree';

/**
 * Names from the PCI ID database (packages `pci.ids`, `hwdata`), read once and only when asked for.
 * Format: `VVVV  vendor` at the start of a line, `<tab>DDDD  device` below it.
 */
export class PciNames {
  #database: Buffer | null | undefined;

  constructor(readonly tree: Tree) {}

  /** Such as `GA102 [GeForce RTX 3090]`; null where the database or the entry is missing. */
  device(vendor: string, device: string): string | null {
    const database = this.#load();
    if (database === null) return null;
    const from = database.indexOf(`\n${vendor}  `);
    if (from === -1) return null;
    const at = database.indexOf(`\n\t${device}  `, from);
    if (at === -1) return null;
    // The next vendor begins where a line begins with neither tab nor comment.
    for (let line = database.indexOf(10, from + 1); line !== -1 && line < at;) {
      const first = database[line + 1];
      if (first !== 9 && first !== 35 && first !== 10) return null;
      line = database.indexOf(10, line + 1);
    }
    const end = database.indexOf(10, at + 1);
    return printable(database.toString('utf8', at + 8, end === -1 ? undefined : end));
  }

  /** The name under which it is sold: `GeForce RTX 3090` of `GA102 [GeForce RTX 3090]`. */
  product(vendor: string, device: string): string | null {
    const name = this.device(vendor, device);
    return printable(/\[(.+)\]/.exec(name ?? '')?.[1]) ?? name;
  }

  #load(): Buffer | null {
    this.#database ??=
      this.tree.bytes('/usr/share/misc/pci.ids', 8 << 20) ??
      this.tree.bytes('/usr/share/hwdata/pci.ids', 8 << 20);
    return this.#database;
  }
}
