import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from '@nanite/target';
import { checkout, peersFolder } from '../peers/cache';
import { retrievalVenv } from '../peers/retrieval';

/** Cranfield; `NANITE_CRANFIELD` names the folder. */
export const cranfield = (): string =>
  process.env['NANITE_CRANFIELD'] ?? join(checkout, '../shared/datasets/cranfield');

const packages = [
  ...[
    'nanite-chroma',
    'nanite-gateway',
    'nanite-engine',
    'nanite-onnxruntime',
    'nanite-model-bge-small-en-v1.5',
  ],
  ...['nanite-rag', 'nanite-cli', 'node-sqlite3', 'python3', 'libpam-systemd', 'dbus-user-session'],
];

const wordsAlone = ['nanite-rag', 'node-sqlite3', 'libpam-systemd', 'dbus-user-session'];

/** A machine with what search needs, and a person in it. */
export class Person {
  private constructor(
    private readonly machine: Machine,
    /** Seen inside as /srv/bench. */
    readonly folder: string,
  ) {}

  /**
   * @param parts all that search needs; `words`: only what finds words
   * @param besides packages that are installed beside those
   */
  static async boot(
    name: string,
    parts: 'all' | 'words' = 'all',
    besides: readonly string[] = [],
  ): Promise<Person> {
    mkdirSync(peersFolder(), { recursive: true });
    const folder = mkdtempSync(join(peersFolder(), `${name}-`));
    // The person inside is not who made it.
    chmodSync(folder, 0o755);
    const venv = retrievalVenv();
    const binds = [`${folder}:/srv/bench`, `${cranfield()}:/srv/cranfield`, `${venv}:${venv}`, `${join(checkout, 'tools/bench/peers')}:/srv/peers`]; // prettier-ignore
    const machine = Machine.boot(name, { network: 'none', binds });
    await machine.install([...(parts === 'all' ? packages : wordsAlone), ...besides]);
    await machine.run(
      'useradd -m -u 1001 ada; loginctl enable-linger ada; ' +
        `timeout 30 sh -c "until test -S /run/user/1001/nanite/${parts === 'all' ? 'chroma' : 'rag'}.sock; do sleep 0.1; done"`,
    );
    return new Person(machine, folder);
  }

  give(name: string, value: unknown): void {
    writeFileSync(join(this.folder, name), JSON.stringify(value), { mode: 0o644 });
  }

  giveProgram(path: string, name: string): void {
    copyFileSync(path, join(this.folder, name));
  }

  /** Run a command as the person; @returns standard output */
  async run(command: string, seconds = 600): Promise<string> {
    const { stdout } = await this.machine.run(
      `export XDG_RUNTIME_DIR=/run/user/1001 HOME=/home/ada; cd; ${command}`,
      {
        user: 'ada',
        timeout: seconds * 1000,
      },
    );
    return stdout;
  }

  stop(): void {
    this.machine.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
