import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { libDir, NaniteError, sandboxFailed, sandboxMissing, startSandboxed } from '@nanite/kit';
import { hashFile } from '../store';
import type { CheckedFile } from './manifest';
import type { Asked, Puller } from './pull';

/**
 * Types that llama-quantize makes without knowing how important each weight is (no imatrix), and a bound of their bits for
 * each weight: some tensors are always kept finer.
 */
const types: ReadonlyMap<string, number> = new Map([
  ['F32', 32.1],
  ['F16', 16.1],
  ['BF16', 16.1],
  ...(
    'Q8_0 Q6_K Q5_K_M Q5_K_S Q5_0 Q5_1 Q4_K_M Q4_K_S Q4_0 Q4_1 IQ4_NL IQ4_XS ' +
    'Q3_K_L Q3_K_M Q3_K_S IQ3_M IQ3_S Q2_K TQ1_0 TQ2_0'
  )
    .split(' ')
    .map((type) => [type, 9] as const),
]);
const aliases: Readonly<Record<string, string>> = { Q3_K: 'Q3_K_M', Q4_K: 'Q4_K_M', Q5_K: 'Q5_K_M' };

const whole = new Set(['F32', 'F16', 'BF16']);

/** What one run may cost. The largest tensor is held as 32-bit numbers: 2.1 GB in a model of 8B with a large vocabulary. */
const limits = { memory: 7 * 2 ** 30, cpuSeconds: 24 * 3600, milliseconds: 12 * 3600_000 } as const;

/** What a new file may take besides its weights: vocabulary and metadata. */
const headerBytes = 64 * 2 ** 20;

/** @throws NaniteError `bad-request` 400 */
export function quantisationType(text: string): string {
  const name = text.trim().toUpperCase();
  const type = aliases[name] ?? name;
  if (types.has(type)) return type;
  throw new NaniteError('bad-request', `${text.slice(0, 32)} is not a quantisation that can be made here`, {
    status: 400,
    hint: `there are ${[...types.keys()].join(', ')}`,
  });
}

/**
 * The weights of a model in another precision, made by llama-quantize in a sandbox: it reads the weights, writes into one
 * folder, and does nothing else. The caller has had the files examined, and has the result examined.
 *
 * @param files what the model is made of, examined; files that are not weights stay as they are
 * @returns the files of the new model. The new blob is held by `keep`
 * @throws NaniteError `unsupported` 501 without nanite-llama; `already-quantised` 409; `not-quantised` 422 where llama.cpp
 *   fails; `no-space`, `over-quota` 507; `sandbox-missing` 503
 */
export async function quantise(
  { store }: Puller,
  files: readonly CheckedFile[],
  type: string,
  options: { again: boolean; keep: (sha256: string) => void; program?: string },
  asked: Asked,
): Promise<CheckedFile[]> {
  const program = options.program ?? join(libDir(), 'llama', 'llama-quantize');
  if (!existsSync(program)) {
    throw new NaniteError('unsupported', 'this machine cannot quantise models', {
      status: 501,
      hint: 'sudo apt install nanite-llama; or pull it quantised, such as hf://org/repo:Q4_K_M',
    });
  }
  const weights = files.filter(({ facts }) => facts?.role === 'weights');
  const [first] = weights;
  if (first?.facts?.format !== 'gguf') {
    throw new NaniteError('not-quantised', 'only weights in GGUF files can be quantised here', {
      status: 422,
    });
  }
  const from = first.facts.quantisation;
  if (!whole.has(from) && !options.again) {
    throw new NaniteError('already-quantised', `these weights are quantised already, as ${from}`, {
      status: 409,
      hint: 'start from F16 or BF16 weights, or use --requantize (requantize: true), which loses quality twice',
    });
  }
  const bytes = weights.reduce((sum, { size }) => sum + size, 0);
  const parameters = weights.reduce((sum, { facts }) => sum + (facts?.parameters ?? 0), 0);
  const most = Math.ceil((parameters * (types.get(type) ?? 32)) / 8) + headerBytes;
  const room = store.space.reserve(most);
  // Named as drafts are: what a killed service left is swept away.
  const folder = join(store.layout.root, `.new-${randomBytes(8).toString('hex')}`);
  try {
    for (const name of ['', 'in', 'out']) mkdirSync(join(folder, name), { mode: 0o700 });
    const paths = weights.map(({ sha256, name }) => {
      // Parts of a split model find each other by their names.
      const path = join(folder, 'in', name.split('/').at(-1) ?? 'model.gguf');
      linkSync(store.blobs.path(sha256), path);
      return path;
    });
    const made = join(folder, 'out', 'model.gguf');
    const status = `quantising to ${type}`;
    asked.report({ status, total: bytes, completed: 0 });
    await run(
      {
        command: [program, ...(options.again ? ['--allow-requantize'] : []), paths[0] ?? '', made, type],
        readable: [join(folder, 'in'), join(folder, 'out')],
        writable: join(folder, 'out'),
        fileBytes: most,
      },
      (share) => asked.report({ status, total: bytes, completed: Math.round(bytes * share) }),
      asked.signal,
    );
    const { sha256, size } = await hashFile(made, asked.signal);
    options.keep(sha256);
    store.blobs.adopt(made, sha256);
    return [
      { role: 'weights', name: 'model.gguf', sha256, size, facts: null },
      ...files.filter((file) => !weights.includes(file)),
    ];
  } finally {
    room.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws NaniteError `not-quantised` with what llama.cpp says; the signal's reason */
async function run(
  work: { command: string[]; readable: string[]; writable: string; fileBytes: number },
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const child = await startSandboxed({
    ...work,
    memory: limits.memory,
    cpuSeconds: limits.cpuSeconds,
    environment: { HOME: '/nonexistent', GGML_SKIP_BACKENDS: 'cuda,hip,vulkan' },
  });
  const stop = () => child.kill('SIGKILL');
  const timer = setTimeout(stop, limits.milliseconds);
  signal.addEventListener('abort', stop, { once: true });
  let said = '';
  const hear = (piece: Buffer): void => {
    said = (said + piece.toString('utf8')).slice(-4096);
    const tensor = [...said.matchAll(/\[ *(\d+)\/ *(\d+)\]/g)].at(-1);
    if (tensor !== undefined) onProgress(Math.min(1, Number(tensor[1]) / Math.max(1, Number(tensor[2]))));
  };
  child.stdout?.on('data', hear);
  child.stderr.on('data', hear);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }).catch((cause: unknown) => {
      throw sandboxMissing(cause);
    });
    signal.throwIfAborted();
    if (code === 0) return;
    if (sandboxFailed(said)) throw sandboxMissing(said.trim());
    const why = said
      .trim()
      .split('\n')
      .filter((line) => /error|fail|invalid|unsupported|require/i.test(line))
      .at(-1);
    throw new NaniteError('not-quantised', 'llama.cpp could not quantise this model', {
      status: 422,
      hint: 'the installed llama.cpp may not know this kind of model, or there was not enough memory',
      cause: why ?? said.slice(-500),
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
