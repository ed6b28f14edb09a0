// How a JavaScript client says which of its features work: a line of JSON each, after a line that says which will be tried.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const { env } = process;
export const url = env.NANITE_URL ?? 'http://127.0.0.1:11434';
export const chatModel = env.NANITE_CHAT_MODEL ?? 'smollm2:135m';
export const toolModel = env.NANITE_TOOL_MODEL ?? 'qwen2.5-coder:0.5b';
// For programs whose own prompt has thousands of tokens.
export const agentModel = env.NANITE_AGENT_MODEL ?? toolModel;
export const embedModel = env.NANITE_EMBED_MODEL ?? 'bge-small-en-v1.5';
// How long one feature may take: far beyond what a slow machine needs, so that only a hang meets it.
const secondsPerFeature = Number(env.NANITE_FEATURE_SECONDS ?? 180);

const clients = [];
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A client at the version installed here: `package` is its name on npm. Gives the function that declares its features. */
export function client(name, packageName = name, ownVersion) {
  const version =
    ownVersion ??
    JSON.parse(readFileSync(resolve('node_modules', packageName, 'package.json'), 'utf8')).version;
  const features = [];
  clients.push({ name, version, features });
  return (feature, works) => features.push([feature, works]);
}

async function attempt(works) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no end after ${secondsPerFeature} s`)),
      secondsPerFeature * 1000,
    );
  });
  try {
    return { ok: true, detail: String((await Promise.race([works(), late])) ?? '') };
  } catch (error) {
    const place = error?.stack?.match(/main\.mjs:(\d+)/)?.[1];
    return {
      ok: false,
      detail: `${place === undefined ? '' : `line ${place}: `}${error?.name}: ${error?.message}`,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Try the features of all clients of this program; arguments name some of them. */
export async function run() {
  const wanted = process.argv.slice(2);
  const chosen = clients.map((one) => ({
    ...one,
    features: one.features.filter(([name]) => wanted.length === 0 || wanted.includes(name)),
  }));
  for (const { name, version, features } of chosen) {
    say({ client: name, version, plan: features.map(([feature]) => feature) });
  }
  for (const { name, version, features } of chosen) {
    for (const [feature, works] of features) {
      const { ok, detail } = await attempt(works);
      say({ client: name, version, feature, ok, detail: detail.slice(0, 800) });
    }
  }
  process.exit(0);
}

/** The error that the promise must end with. */
export async function failure(promise) {
  let result;
  try {
    result = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`no error, but ${JSON.stringify(result)?.slice(0, 300)}`);
}

export async function collect(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
