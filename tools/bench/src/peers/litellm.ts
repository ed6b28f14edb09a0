import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { run, start, type Child } from '../machine/children';
import { checkout, peersFolder } from './cache';

/** The newest whose dependencies are all to be had; with them all it is pinned in peers/litellm.txt. */
export const litellmVersion = '1.100.5';

const venv = (): string => join(peersFolder(), `litellm-${litellmVersion}`);

/** Install LiteLLM's proxy into a virtual environment, unless it is there. */
export async function installLitellm(progress: (message: string) => void): Promise<void> {
  const done = join(venv(), '.complete');
  if (existsSync(done)) return;
  progress(`installing LiteLLM ${litellmVersion} into ${venv()} (once)`);
  rmSync(venv(), { recursive: true, force: true });
  mkdirSync(peersFolder(), { recursive: true });
  await run('python3', ['-m', 'venv', venv()]);
  const requirements = join(checkout, 'tools/bench/peers/litellm.txt');
  await run(join(venv(), 'bin/pip'), ['install', '--quiet', '--no-deps', '--requirement', requirements], {
    within: 600_000,
  });
  writeFileSync(done, '');
}

/**
 * LiteLLM's proxy as its own guide to production sets it up, but without keys, database and spend tracking: as many
 * workers as CPUs, no debug log, no price list from the network.
 *
 * @param port where it listens, on 127.0.0.1
 * @param upstream base URL of a server of OpenAI's API
 */
export async function startLitellm(folder: string, port: number, upstream: string): Promise<Child> {
  const config = join(folder, 'litellm.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      model_list: [
        {
          model_name: 'bench',
          litellm_params: { model: 'openai/bench', api_base: upstream, api_key: 'none' },
        },
      ],
      litellm_settings: { num_retries: 0, telemetry: false, set_verbose: false, request_timeout: 60 },
    }),
  );
  const workers = String(cpus().length);
  const child = await start(
    join(venv(), 'bin/litellm'),
    [
      '--config',
      config,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--num_workers',
      workers,
      '--run_gunicorn',
      '--telemetry',
      'False',
    ],
    {
      cwd: folder,
      env: {
        PATH: `${venv()}/bin:/usr/bin:/bin`,
        HOME: folder,
        LITELLM_MODE: 'PRODUCTION',
        LITELLM_LOG: 'ERROR',
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      },
    },
  );
  await answers(`http://127.0.0.1:${port}/health/readiness`, child);
  return child;
}

async function answers(url: string, child: Child): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (child.hasEnded()) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const said = child.said();
  await child.stop();
  throw new Error(`LiteLLM does not answer on ${url}\n${said}`);
}
