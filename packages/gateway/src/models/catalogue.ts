import type { ModelEntry } from '@nanite/contracts';
import { nearest } from '@nanite/kit';
import type { Engine } from '../memory/types';

/** A list older than this is read again in the background when somebody asks. */
const freshMs = 15_000;
/** An unknown name makes us look again, but not more often than this. */
const lookAgainMs = 500;

/** Every name that means a model, in lower case, as Ollama treats names: without a tag is `:latest`. */
export function namesOf({ manifest }: ModelEntry): string[] {
  return [manifest.name, ...manifest.aliases, manifest.id].map((name) => name.toLowerCase());
}

/** The model that a name means; null where there is none. */
export function resolveName(entries: readonly ModelEntry[], name: string): ModelEntry | null {
  const wanted = name.toLowerCase();
  const withTag = wanted.includes(':') ? wanted : `${wanted}:latest`;
  for (const candidate of [wanted, withTag]) {
    const entry = entries.find((each) => namesOf(each).includes(candidate));
    if (entry !== undefined) return entry;
  }
  if (wanted.includes(':')) return null;
  // `smollm2` where only `smollm2:135m` is installed: there is nothing else it could mean.
  const tagged = entries.filter(
    ({ manifest, staged }) => !staged && manifest.name.toLowerCase().startsWith(`${wanted}:`),
  );
  return tagged.length === 1 ? (tagged[0] ?? null) : null;
}

/** The models installed on this machine, as the engine lists them. */
export class Catalogue {
  #entries: ModelEntry[] = [];
  readonly #resolved = new Map<string, ModelEntry>();
  #readAt = -Infinity;
  #reading: Promise<void> | null = null;

  /** @param onChange told the ids of models that are gone, or have become others under the same id */
  constructor(
    private readonly engine: Engine,
    private readonly onChange: (id: string) => void = () => {},
  ) {}

  /** The models that are current. @throws whatever the engine's client throws where it was never reached */
  async list(): Promise<ModelEntry[]> {
    return (await this.withStaged()).filter(({ staged }) => !staged);
  }

  /** Those too that are staged: stagedName(). */
  async withStaged(): Promise<ModelEntry[]> {
    if (performance.now() - this.#readAt > lookAgainMs) await this.#read();
    return this.#entries;
  }

  /** The model that a name means; null where there is none, also after looking again. */
  async find(name: string): Promise<ModelEntry | null> {
    const known = this.#resolved.get(name);
    if (known !== undefined) {
      if (performance.now() - this.#readAt > freshMs) void this.#read().catch(() => {});
      return known;
    }
    if (performance.now() - this.#readAt > lookAgainMs) await this.#read();
    const entry = resolveName(this.#entries, name);
    if (entry !== null) this.#resolved.set(name, entry);
    return entry;
  }

  /** The models have changed: the next question reads them again. */
  forget(): void {
    this.#readAt = -Infinity;
    this.#resolved.clear();
  }

  /** The name of a model by its id; null where it is not known. */
  nameOf(id: string): string | null {
    return this.#entries.find(({ manifest }) => manifest.id === id)?.manifest.name ?? null;
  }

  /** Names of models that were probably meant, with or without the tag. */
  near(name: string): string[] {
    const meant = new Map<string, string>();
    for (const { manifest, staged } of this.#entries) {
      if (staged) continue;
      for (const known of [manifest.name, ...manifest.aliases]) {
        meant.set(known, known);
        const bare = known.split(':')[0] ?? known;
        if (!meant.has(bare)) meant.set(bare, manifest.name);
      }
    }
    const found = nearest(name, meant.keys()).map((each) => meant.get(each) ?? each);
    return [...new Set(found)];
  }

  #read(): Promise<void> {
    this.#reading ??= this.engine
      .models()
      .then(({ models }) => {
        const now = new Map(models.map(({ manifest }) => [manifest.id, manifest.modifiedAt]));
        const changed = this.#entries.filter(({ manifest }) => now.get(manifest.id) !== manifest.modifiedAt);
        this.#entries = models;
        this.#resolved.clear();
        this.#readAt = performance.now();
        for (const { manifest } of changed) this.onChange(manifest.id);
      })
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }
}
