import { join } from 'node:path';
import type { InstalledNanite } from '../machine/installed';
import { run } from '../machine/children';
import { checkout } from '../peers/cache';
import { promptOf } from '../tokens/prompt';

const target = join(checkout, 'tools/target/target');
const program = join(import.meta.dirname, 'ask.mjs');

/** One answer; moments in seconds of CLOCK_MONOTONIC. */
export interface Answer {
  tokens: number;
  sentAt: number;
  firstTokenAt: number;
  lastTokenAt: number;
}

/** A server in a booted machine that speaks Ollama's API. Its clients run in the machine's network, over TCP. */
export class Server {
  #seed: number;

  constructor(
    private readonly nanite: InstalledNanite,
    private readonly port: number,
    private readonly model: string,
  ) {
    this.#seed = port * 1000;
  }

  /** A question of about 20 tokens that begins like no other: what was computed for one is of no use for the next. */
  #question(): string {
    const words = [...new Set(promptOf(30, ++this.#seed).split(' '))];
    return `${words.slice(0, 5).join(', ')}: tell a long story with all of these.`;
  }

  async #ask(clients: number, tokens: number, rounds: number, unload = false): Promise<Answer[][]> {
    const prompts = Array.from({ length: rounds }, () =>
      Array.from({ length: clients }, () => this.#question()),
    );
    const plan = {
      url: `http://127.0.0.1:${this.port}`,
      model: this.model,
      tokens,
      unload,
      rounds: prompts,
    };
    const printed = await run(
      target,
      ['join', this.nanite.machine.name, process.execPath, program, JSON.stringify(plan)],
      { within: 300_000 },
    );
    return JSON.parse(printed) as Answer[][];
  }

  /** Answers of several clients at once, of about so many tokens. */
  async together(clients: number, tokens: number): Promise<Answer[]> {
    const [answers] = await this.#ask(clients, tokens, 1);
    return answers as Answer[];
  }

  /** Answers one after another. */
  async inTurn(count: number, tokens: number): Promise<Answer[]> {
    return (await this.#ask(1, tokens, count)).flat();
  }

  /** The answer to a question that the model is loaded for. */
  async afterLoading(tokens: number): Promise<Answer> {
    const [answer] = (await this.#ask(1, tokens, 1, true)).flat();
    return answer as Answer;
  }
}
