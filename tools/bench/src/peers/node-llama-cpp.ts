import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../machine/children';
import { checkout, peersFolder } from './cache';

/** The version whose llama.cpp is also the source of nanite-llama: both sides compute with the same code. */
export const nodeLlamaCppVersion = '3.22.1';

const folder = (): string => join(peersFolder(), `node-llama-cpp-${nodeLlamaCppVersion}`);

/** Install node-llama-cpp with its prebuilt binaries, unless it is there. */
export async function installNodeLlamaCpp(progress: (message: string) => void): Promise<void> {
  const done = join(folder(), '.complete');
  if (existsSync(done)) return;
  progress(`installing node-llama-cpp ${nodeLlamaCppVersion} into ${folder()} (once)`);
  rmSync(folder(), { recursive: true, force: true });
  mkdirSync(folder(), { recursive: true });
  writeFileSync(join(folder(), 'package.json'), '{"private":true,"type":"module"}\n');
  const wanted = `node-llama-cpp@${nodeLlamaCppVersion}`;
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', wanted], {
    cwd: folder(),
    within: 600_000,
  });
  writeFileSync(done, '');
}

export interface NodeLlamaCppPlan {
  model: string;
  threads: number;
  tokens: number;
  /** 0: no prompt is measured. */
  promptTokens: number;
  clients: number[];
  /** Bound of each generation: with more threads than free CPUs it takes minutes. */
  mostSeconds: number;
}

/** Tokens a second. */
export interface NodeLlamaCppResult {
  threads: number;
  generation: Record<string, number>;
  prompt: number | null;
}

/** @param through command that runs it, such as one that puts it under a quota */
export async function measureNodeLlamaCpp(
  plan: NodeLlamaCppPlan,
  through: string[] = [],
): Promise<NodeLlamaCppResult> {
  const script = join(checkout, 'tools/bench/peers/node-llama-cpp.mjs');
  const [command = process.execPath, ...rest] = [
    ...through,
    process.execPath,
    script,
    JSON.stringify({ ...plan, installed: folder() }),
  ];
  return JSON.parse(await run(command, rest, { within: 180_000 })) as NodeLlamaCppResult;
}
