import { NaniteError } from '@nanite/kit';
import { execFile, type ExecFileOptions } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installedVariants, loadedVariant } from './variants';

const run = promisify(execFile);

/**
 * Milliseconds for an answer about itself. It takes milliseconds, but for the first time after a start from a stick or a CD, when
 * all its libraries are read from there.
 */
const answersWithin = 180_000;

/** @throws NaniteError `llama-broken` */
async function ask(server: string, option: string, options: ExecFileOptions = {}): Promise<string> {
  try {
    const { stdout, stderr } = await run(server, [option], {
      ...options,
      encoding: 'utf8',
      timeout: answersWithin,
    });
    return `${stdout}${stderr}`;
  } catch (error) {
    const { killed, code, signal } = error as { killed?: boolean; code?: unknown; signal?: unknown };
    const how = killed
      ? `gave no answer within ${answersWithin / 1000} seconds`
      : `ended with ${String(signal ?? code)}`;
    throw new NaniteError('llama-broken', `${server} ${option} ${how}`, {
      status: 500,
      hint: 'is the medium readable? apt install --reinstall nanite-llama',
      cause: error,
    });
  }
}

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
      const said = await ask(this.server, '--version');
      this.known = { stamp, version: /^version: *(.+)$/m.exec(said)?.[1]?.trim() ?? stamp };
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
    const env = { GGML_SKIP_BACKENDS: skipped.join(',') };
    return loadedVariant(await ask(this.server, '--list-backends', { env }));
  }
}
