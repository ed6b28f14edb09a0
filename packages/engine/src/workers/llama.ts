import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installedVariants, loadedVariant } from './variants';

const run = promisify(execFile);

/** The llama.cpp that is installed. */
export class LlamaProgram {
  private known: { stamp: string; version: string } | null = null;

  constructor(private readonly folder: string) {}

  private get server(): string {
    return join(this.folder, 'llama-server');
  }

  installed(): boolean {
    return existsSync(this.server);
  }

  /** As it names itself, such as `0.5.0 (v0.5.0-nanite)`; asked again when the program was replaced. */
  async version(): Promise<string> {
    const { mtimeMs, size } = statSync(this.server);
    const stamp = `${mtimeMs} ${size}`;
    if (this.known?.stamp !== stamp) {
      const { stdout, stderr } = await run(this.server, ['--version'], { timeout: 10_000 });
      this.known = { stamp, version: /^version: *(.+)$/m.exec(stdout + stderr)?.[1]?.trim() ?? stamp };
    }
    return this.known.version;
  }

  /** CPU variants that are installed, the most demanding first. */
  variants(): string[] {
    return this.installed() ? installedVariants(this.folder) : [];
  }

  /** Backend libraries beside it, such as `vulkan`. */
  libraries(): string[] {
    if (!this.installed()) return [];
    return readdirSync(this.folder).flatMap((file) => /^libggml-([a-z]+)\.so$/.exec(file)?.[1] ?? []);
  }

  /** The CPU variant that it chooses here when `skipped` are left out; null where it does not say. */
  async variant(skipped: readonly string[]): Promise<string | null> {
    const { stdout, stderr } = await run(this.server, ['--list-backends'], {
      timeout: 10_000,
      env: { GGML_SKIP_BACKENDS: skipped.join(',') },
    });
    return loadedVariant(stdout + stderr);
  }
}
