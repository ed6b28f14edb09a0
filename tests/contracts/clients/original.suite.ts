import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { clientFolders, clientsFolder } from './runner/catalogue';
import { exceptionFor } from './runner/exceptions';
import { installClient, quickModels } from './runner/machine';
import {
  checkout,
  keepResults,
  readReport,
  readResults,
  reportPath,
  type FeatureResult,
} from './runner/results';

/**
 * `make test-clients ORIGINAL=1`: the clients of Ollama's own API against Ollama itself, with the same weights. What works there
 * and not here is found by a run, not by reading. Compared with what `make test` wrote last.
 */
const originals = clientFolders().filter(({ folder }) => folder.startsWith('ollama-'));
const target = join(checkout, 'tools/target/target');
let ollama: string;

beforeAll(() => {
  const own = clientFolders().find(({ folder }) => folder === 'ollama-go');
  if (own === undefined) throw new Error('no folder ollama-go, from which Ollama itself is built');
  ollama = installClient(own);
});

function tryOriginal(folder: string, place: string): Promise<FeatureResult[]> {
  const argv = ['enter', '-r', 'clients', join(clientsFolder, 'try-original'), folder, place];
  const child = spawn(target, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OLLAMA_PLACE: ollama,
      NANITE_CHAT_MODEL: quickModels.chat,
      NANITE_TOOL_MODEL: quickModels.tools,
    },
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done(readResults(printed, `exit code ${code}`)));
  });
}

describe.each(originals)('$folder', (client) => {
  test('has nothing that works with Ollama and not with us', async () => {
    const there = await tryOriginal(client.folder, installClient(client));
    keepResults(there, reportPath('clients-original'));
    expect(there.filter(({ ok }) => ok).length).toBeGreaterThan(0);
    const here = readReport().results;
    for (const { client: name, feature, ok, detail } of there) {
      const ours = here.find((at) => at.client === name && at.feature === feature);
      expect.soft(ours, `${name}: ${feature} was not tried here: run make test first`).toBeDefined();
      if (!ok)
        console.log(
          `works not with Ollama, ${ours?.ok === true ? 'but' : 'and not'} with us: ${name}: ${feature}: ${detail}`,
        );
      else if (exceptionFor(name, feature) === undefined) {
        expect
          .soft(ours?.ok, `works with Ollama, not with us: ${name}: ${feature}: ${ours?.detail}`)
          .toBe(true);
      }
    }
  });
});
