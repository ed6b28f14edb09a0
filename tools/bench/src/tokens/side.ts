import type { InstalledNanite } from '../machine/installed';
import { complete, type Completion } from './completion';
import { promptOf } from './prompt';
import { generationSpeed, promptSpeed } from './speed';

/** Tokens a second. */
export interface Speeds {
  one: number;
  four: number;
  prompt: number;
  /** One client that asks the worker itself, without the gateway. */
  worker: number;
}

const story = 'Once upon a time there was a';

/** Nanite with one model. */
export class NaniteSide {
  #seed = 0;

  constructor(
    private readonly nanite: InstalledNanite,
    readonly model: string,
    readonly id: string,
  ) {}

  #ask(prompt: string, tokens: number, socketPath = this.nanite.gatewaySocket): Promise<Completion> {
    return complete({ socketPath, model: this.model, prompt, tokens });
  }

  /** Our pid of the worker's process. */
  async workerPid(): Promise<number> {
    const [pid] = await this.nanite.pidsOf(`nanite-model@${this.id}.service`);
    if (pid === undefined) throw new Error(`the worker of ${this.id} does not run`);
    return pid;
  }

  async generate(tokens: number, clients: number): Promise<number> {
    return generationSpeed(
      await Promise.all(Array.from({ length: clients }, () => this.#ask(story, tokens))),
    );
  }

  async measure(tokens: number, promptTokens: number): Promise<Speeds> {
    const socket = this.nanite.path(`/run/nanite/model/${this.id}/worker.sock`);
    return {
      one: await this.generate(tokens, 1),
      worker: generationSpeed([await this.#ask(story, tokens, socket)]),
      four: await this.generate(tokens, 4),
      prompt: promptSpeed(await this.#ask(promptOf(promptTokens, ++this.#seed), 2)),
    };
  }
}
