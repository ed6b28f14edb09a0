import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstalledNanite } from '../machine/installed';
import { checkout } from '../peers/cache';
import { chatModel } from '../tokens/model';

const clients = join(checkout, 'tests/contracts/clients');

/** Build Ollama from its Go module, the one that the suite of clients pins, unless the cache has it; gives its program. */
export function buildOllama(): string {
  const place = execFileSync(
    join(checkout, 'tools/target/target'),
    ['enter', '-r', 'clients', join(clients, 'install'), 'ollama-go'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  ).trim();
  return join(place, 'bin/ollama');
}

/**
 * Ollama looks for llama.cpp's programs beside itself. Ours takes the
 * options that Ollama gives it.
 */
const llamaServer = `#!/bin/sh
exec /usr/lib/nanite/llama/llama-server "$@"
`;

/**
 * Start Ollama in the machine beside Nanite, with the same weights and the same llama-server, and as many requests at once
 * as Nanite takes.
 */
export async function startOllama(nanite: InstalledNanite, program: string, port: number): Promise<void> {
  const { machine } = nanite;
  await machine.run('mkdir -p /opt/ollama/bin /opt/ollama/lib/ollama /var/lib/ollama');
  machine.copy(program, '/opt/ollama/bin');
  await machine.run(
    'cat >/opt/ollama/lib/ollama/llama-server && chmod +x /opt/ollama/lib/ollama/llama-server',
    {
      input: llamaServer,
    },
  );
  const settings = {
    OLLAMA_HOST: `127.0.0.1:${port}`,
    OLLAMA_MODELS: '/var/lib/ollama',
    OLLAMA_NUM_PARALLEL: '4',
    OLLAMA_NO_CLOUD: '1',
    HOME: '/var/lib/ollama',
  };
  const words = Object.entries(settings).map(([name, value]) => `--setenv=${name}=${value}`);
  await machine.run(['systemd-run', '--quiet', '--unit=ollama', ...words, '/opt/ollama/bin/ollama', 'serve']);
  const form = readFileSync(join(clients, 'original/smollm2.modelfile'), 'utf8');
  await machine.run(
    `export OLLAMA_HOST=127.0.0.1:${port} HOME=/root
     for i in $(seq 100); do /opt/ollama/bin/ollama list >/dev/null 2>&1 && break; sleep 0.2; done
     cat >/tmp/Modelfile && /opt/ollama/bin/ollama create ${chatModel.name} -f /tmp/Modelfile`,
    { input: form.replaceAll('WEIGHTS', chatModel.weights), timeout: 300_000 },
  );
}
