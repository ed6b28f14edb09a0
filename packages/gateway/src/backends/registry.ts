import type { GatewaySettings } from '@nanite/contracts';
import { Backend } from './backend';

/** The backends that are configured, and the Ollama that was found on 11434. */
export class Backends {
  readonly #all: Backend[];
  readonly remotesOn: boolean;
  readonly #queueLength: number;

  constructor(settings: GatewaySettings) {
    this.remotesOn = settings.remotes;
    this.#queueLength = settings.queue.length;
    this.#all = settings.backends.map((each) => new Backend(each, settings.queue.length));
  }

  get all(): readonly Backend[] {
    return this.#all;
  }

  /** Put an Ollama that was found behind the gateway, unless the administrator has configured it already. */
  front(url: string): void {
    const port = new URL(url).port;
    if (this.#all.some((each) => each.kind === 'ollama' && !each.remote && new URL(each.url).port === port))
      return;
    const taken = this.#all.some(({ name }) => name === 'ollama');
    this.#all.push(
      new Backend(
        {
          name: taken ? 'system-ollama' : 'ollama',
          kind: 'ollama',
          url,
          keyFile: null,
          models: null,
          parallel: 16,
        },
        this.#queueLength,
      ),
    );
  }

  /** The backend that a name begins with, and its own name for the model. */
  named(name: string): { backend: Backend; model: string } | null {
    for (const backend of this.#all) {
      const prefix = backend.nameOf('');
      if (name.startsWith(prefix) && name.length > prefix.length) {
        return { backend, model: name.slice(prefix.length) };
      }
    }
    return null;
  }

  /** A model that an Ollama on this machine has, by the name that its own clients use. */
  async byBareName(name: string): Promise<{ backend: Backend; model: string } | null> {
    for (const backend of this.#all) {
      if (backend.kind !== 'ollama' || backend.remote) continue;
      const models = await backend.models();
      const model = [name, `${name}:latest`].find((each) => models.includes(each));
      if (model !== undefined) return { backend, model };
    }
    return null;
  }

  /** Backends that may be asked now. */
  get usable(): Backend[] {
    return this.#all.filter(({ remote }) => !remote || this.remotesOn);
  }

  /** Every model of every backend that may be asked, by the names that clients use. */
  async allNames(): Promise<string[]> {
    const lists = await Promise.all(
      this.usable.map(async (backend) => (await backend.models()).map((model) => backend.nameOf(model))),
    );
    return lists.flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((backend) => backend.close()));
  }
}
