import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchSource, SourceSpec } from '@nanite/sources';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** nanite-llama alone, on a booted machine without a network: llama-server with a real model. */
const checkout = resolve(import.meta.dirname, '../..');
const spec = SourceSpec.parse(
  JSON.parse(readFileSync(join(checkout, 'packages/llama/test-model.json'), 'utf8')),
);
const hasVulkan = existsSync(join(checkout, 'dist/debs/nanite-llama-vulkan'));
const server = '/usr/lib/nanite/llama/llama-server';
const socket = '/run/llama.sock';

let machine: Machine;
let cpus: number;

beforeAll(async () => {
  const { files } = await fetchSource(spec);
  machine = await Machine.withPackages(
    'llama',
    ['nanite-llama', 'curl', ...(hasVulkan ? ['nanite-llama-vulkan', 'mesa-vulkan-drivers'] : [])],
    { binds: [`${files[spec.files[0]!.path]!}:/srv/model.gguf`] },
  );
  cpus = Number((await machine.run('nproc')).stdout);
}, 600_000);
afterAll(() => machine?.stop());

/** The files of the backends that llama-server would use, best CPU variant only. */
const backends = async (environment = ''): Promise<string[]> =>
  (await machine.run(`${environment} ${server} --list-backends 2>/dev/null`)).stdout.trim().split('\n');

const ask = async (path: string, body?: object): Promise<{ status: number; json: unknown }> => {
  const data = body === undefined ? '' : `-d '${JSON.stringify(body)}'`;
  const { stdout } = await machine.run(
    `curl -s -w '\\n%{http_code}' --unix-socket ${socket} 'http://localhost${path}' ${data}`,
  );
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at + 1)), json: JSON.parse(stdout.slice(0, at)) as unknown };
};

async function withServer(flags: string, use: () => Promise<void>, environment = ''): Promise<void> {
  await machine.run(
    `rm -f ${socket}; systemd-run -q -u llama ${environment} ${server} -m /srv/model.gguf --host ${socket} ${flags}`,
  );
  try {
    await machine.run(
      `for i in $(seq 1500); do curl -sf --unix-socket ${socket} http://localhost/health && exit; sleep 0.1; done; journalctl -u llama; exit 1`,
      { timeout: 170_000 },
    );
    await use();
  } finally {
    await machine.run('systemctl stop llama; systemctl reset-failed llama', { check: false });
  }
}

const chat = { messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 8, temperature: 0 };

describe('the variant that is compiled for this machine (packages/llama/best-variant)', () => {
  const bestVariant = (...flags: string[]) =>
    execFileSync(join(checkout, 'packages/llama/best-variant'), flags, { encoding: 'utf8' }).trim();
  const avx2 = 'sse4_2 avx f16c fma avx2 bmi2';
  const avx512 = `${avx2} avx512f avx512cd avx512vl avx512dq avx512bw`;

  test('is the one that ggml takes', async () => {
    const taken = (await backends()).find((line) => line.startsWith('CPU '));
    expect(taken).toContain(`/libggml-cpu-${bestVariant()}.so`);
  });

  test.each([
    ['', 'x64'],
    ['sse4_2', 'sse42'],
    ['sse4_2 avx', 'sandybridge'],
    ['sse4_2 avx f16c', 'ivybridge'],
    ['sse4_2 avx f16c fma', 'piledriver'],
    [avx2, 'haswell'],
    [`${avx2} avx_vnni`, 'alderlake'],
    [avx512, 'skylakex'],
    [`${avx512} avx512_vnni`, 'cascadelake'],
    [`${avx512} avx512_vnni avx_vnni`, 'cascadelake'],
    [`${avx512} avx512_vnni avx512_bf16 avx512vbmi`, 'cooperlake'],
    [`${avx512} avx512_vnni avx512_bf16 avx512vbmi amx_tile amx_int8`, 'sapphirerapids'],
  ])('of a processor with "%s" is %s', (flags, variant) => {
    expect(bestVariant(flags)).toBe(variant);
  });
});

describe('backends', () => {
  test('the best CPU variant is taken; one that is skipped gives way to the next', async () => {
    const best = (await backends()).find((line) => line.startsWith('CPU '));
    expect(best).toMatch(/^CPU \/usr\/lib\/nanite\/llama\/libggml-cpu-\w+\.so$/);
    const variant = /libggml-(cpu-\w+)/.exec(best!)![1]!;
    const next = (await backends(`GGML_SKIP_BACKENDS=${variant}`)).find((line) => line.startsWith('CPU '));
    expect(next).toMatch(/libggml-cpu-\w+\.so$/);
    expect(next).not.toBe(best);
  });

  test('nothing is loaded from the current directory', async () => {
    await machine.run(
      'mkdir -p /tmp/trap && cp /usr/lib/nanite/llama/libggml-cpu-x64.so /tmp/trap/libggml-cpu-trap.so',
    );
    const opened = async (environment: string) =>
      (await machine.run(`cd /tmp/trap && LD_DEBUG=files ${environment} ${server} --list-backends 2>&1`))
        .stdout;
    // The control: named on purpose, the loader does open it, and this sees it.
    expect(await opened('GGML_BACKEND_PATH=/tmp/trap/libggml-cpu-trap.so')).toContain('libggml-cpu-trap');
    expect(await opened('')).not.toContain('libggml-cpu-trap');
  });
});

describe('llama-server', () => {
  test('answers on a unix socket, and tells a prompt that is too long', async () => {
    await withServer('-c 512 -np 1 -t 1', async () => {
      const answer = await ask('/v1/chat/completions', chat);
      expect(answer).toMatchObject({
        status: 200,
        json: { usage: { completion_tokens: expect.any(Number) } },
      });
      const overflow = await ask('/completion', { prompt: 'word '.repeat(2000), n_predict: 1 });
      expect(overflow).toMatchObject({
        status: 400,
        json: { error: { type: 'exceed_context_size_error', n_ctx: 512 } },
      });
    });
  });

  test('--threads-adaptive uses fewer threads while other programs need the CPUs, and only then', async ({
    skip,
  }) => {
    if (cpus < 2) skip('one CPU: there is nothing to give up');
    const threadsWhileBusy = async (): Promise<number> => {
      await machine.run(
        `for i in $(seq ${cpus}); do systemd-run -q -u busy$i sh -c 'while :; do :; done'; done; ` +
          `systemd-run -q -u asker curl -s --unix-socket ${socket} http://localhost/completion -d '{"prompt":"Once","n_predict":2000,"ignore_eos":true}'`,
      );
      try {
        for (let i = 0; i < 100; i += 1) {
          const { json } = await ask('/slots');
          const threads = (json as Array<{ n_threads: number }>)[0]!.n_threads;
          if (threads < cpus) return threads;
        }
        return cpus;
      } finally {
        await machine.run(`systemctl stop asker $(seq -f 'busy%g' ${cpus})`, { check: false });
      }
    };
    const flags = `-c 4096 -np 1 -t ${cpus} -tb ${cpus}`;
    await withServer(flags, async () => expect(await threadsWhileBusy()).toBe(cpus));
    await withServer(`${flags} --threads-adaptive`, async () =>
      expect(await threadsWhileBusy()).toBeLessThan(cpus),
    );
  });
});

describe.skipIf(!hasVulkan)('Vulkan (built by: nx run nanite-llama-vulkan:deb)', () => {
  const devices = async (environment = '') =>
    (await machine.run(`${environment} ${server} --list-devices 2>/dev/null`)).stdout;

  test('a software driver is used only where it is named', async () => {
    expect(await devices('GGML_VK_VISIBLE_DEVICES=0')).toContain('llvmpipe');
    expect(await devices()).not.toContain('llvmpipe');
  });

  test('a model runs on llvmpipe', { timeout: 400_000 }, async () => {
    await withServer(
      // The warm-up would compile every shader on the CPU.
      '-c 512 -np 1 -ngl 99 -lv 4 --no-warmup',
      async () => {
        expect(await ask('/v1/chat/completions', { ...chat, max_tokens: 2 })).toMatchObject({ status: 200 });
        expect((await machine.run('journalctl -u llama')).stdout).toMatch(/offloaded 31\/31 layers to GPU/);
      },
      '-E GGML_VK_VISIBLE_DEVICES=0',
    );
  });
});
