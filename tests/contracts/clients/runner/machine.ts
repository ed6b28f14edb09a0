import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from '../../../harness';
import { clientsFolder, type ClientFolder } from './catalogue';
import { checkout, readResults, type FeatureResult } from './results';

const target = join(checkout, 'tools/target/target');

/** What the clients ask for. */
export interface Models {
  /** Fast and without tools: for what any model can do. */
  chat: string;
  /** It has tools. */
  tools: string;
  embed: string;
  /** For programs whose own prompt has thousands of tokens: it has tools and reads them in minutes. */
  agent: string;
}
export const quickModels: Models = {
  chat: 'smollm2:135m',
  tools: 'qwen2.5-coder:0.5b',
  embed: 'bge-small-en-v1.5',
  agent: 'qwen2.5-coder:0.5b',
};
export const ableModels: Models = { ...quickModels, tools: 'qwen2.5-coder:1.5b' };

const modelPackages: Record<string, string> = {
  'smollm2:135m': 'nanite-model-smollm2-135m-instruct',
  'bge-small-en-v1.5': 'nanite-model-bge-small-en-v1.5',
  'qwen2.5-coder:0.5b': 'nanite-model-qwen2.5-coder-0.5b-instruct',
  'qwen2.5-coder:1.5b': 'nanite-model-qwen2.5-coder-1.5b-instruct',
};

/** Install Nanite with these models in a machine, as a person does who wants to use it from programs. */
export async function installNanite(machine: Machine, models: string[]): Promise<void> {
  const packages = [...new Set(models)].map((model) => modelPackages[model] ?? '');
  await machine.install([
    ...[
      'nanite-gateway',
      'nanite-llama',
      'nanite-onnxruntime',
      'nanite-models',
      'nanite-model-catalog',
      'nanite-cli',
    ],
    ...packages.filter((name) => existsSync(join(checkout, 'dist/debs', name))),
  ]);
}

/** Build a client from its pins where the cache does not have it; gives the folder it is in. */
export const installClient = ({ folder }: ClientFolder): string =>
  execFileSync(target, ['enter', '-r', 'clients', join(clientsFolder, 'install'), folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();

/** Try all features of a client from within the machine's network. */
export function tryClient(
  machine: { name: string },
  client: ClientFolder,
  models: Models,
  env: Record<string, string> = {},
): Promise<FeatureResult[]> {
  const place = installClient(client);
  const argv = ['enter', '-r', 'clients', join(clientsFolder, 'try'), client.folder, place];
  const child = spawn(target, ['join', machine.name, target, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NANITE_URL: 'http://127.0.0.1:11434',
      NANITE_CHAT_MODEL: models.chat,
      NANITE_TOOL_MODEL: models.tools,
      NANITE_EMBED_MODEL: models.embed,
      NANITE_AGENT_MODEL: models.agent,
      NANITE_FEATURE_SECONDS: String(client.featureSeconds ?? 180),
      ...env,
    },
  });
  let printed = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      try {
        done(readResults(printed, `exit code ${code}, ${complaints.slice(-600)}`));
      } catch (error) {
        fail(error as Error);
      }
    });
  });
}
