import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publish, type RepoOptions } from '../publish';
import { suites } from '../contents';
import { makeDeb } from './debs';
import { PrivateApt } from './apt';

/** A folder with packages, a key and a repository of its own, gone with `remove`. */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), 'nanite-repo-'));
  readonly debs = join(this.root, 'dist/debs');
  readonly tree = join(this.root, 'dist/repo');
  readonly keys = join(this.root, 'keys');
  private clients = 0;

  deb(name: string, version: string, options?: Parameters<typeof makeDeb>[3]): Promise<string> {
    return makeDeb(this.debs, name, version, options);
  }

  options(more: Partial<RepoOptions> = {}): RepoOptions {
    return { tree: this.tree, keys: this.keys, validDays: 30, keep: 3, replace: false, ...more };
  }

  publish(more: Partial<Parameters<typeof publish>[1]> = {}): ReturnType<typeof publish> {
    return publish(this.debs, { ...this.options(), to: suites, ...more });
  }

  /** A machine that has added the repository. */
  client(options: { uri?: string; suite?: string } = {}): PrivateApt {
    return new PrivateApt(join(this.root, `client-${this.clients++}`), {
      uri: options.uri ?? `file://${this.tree}`,
      keyring: join(this.tree, 'nanite-archive-keyring.asc'),
      suite: options.suite,
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
