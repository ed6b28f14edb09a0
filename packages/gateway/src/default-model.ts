import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelRecord, type DefaultModel, type ModelEntry } from '@nanite/contracts';
import type { Context, Handler } from './context';
import { resolveName } from './models/catalogue';
import { chooseDefault } from './models/default-model';

/** Whether a model is of a package, or was fetched by this user or by root. */
async function isTrusted({ path }: ModelEntry, uid: number): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(join(path, 'record.json'), 'utf8');
  } catch (error) {
    // The store writes a record of each model of its own: one without is of a package.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  try {
    const { uid: owner } = ModelRecord.parse(JSON.parse(text));
    return owner === 0 || owner === uid;
  } catch {
    // Nobody knows whose it is.
    return false;
  }
}

/** The model of a backend that is asked where this machine has none. */
async function ofBackend(context: Context): Promise<string | null> {
  for (const backend of context.backends.usable) {
    const [first] = await backend.models();
    if (first !== undefined) return backend.nameOf(first);
  }
  return null;
}

/** What answers this user where no model is named. @throws what the engine's client throws */
export async function defaultModelFor(uid: number, context: Context): Promise<DefaultModel> {
  const { catalogue, engine, settings, speeds } = context;
  const [entries, { memoryBudgetBytes }] = await Promise.all([catalogue.list(), engine.status()]);
  const chosen = await chooseDefault({
    entries,
    wished: settings.defaultModel,
    find: (name) => resolveName(entries, name),
    budgetBytes: memoryBudgetBytes,
    speedOf: (entry) => speeds.of(entry, entries),
    isTrusted: (entry) => isTrusted(entry, uid),
  });
  if (chosen.name !== null) return chosen;
  const name = await ofBackend(context);
  return name === null
    ? chosen
    : { ...chosen, name, reason: `${chosen.reason}; this one is on another server` };
}

/** GET /nanite/v1/default-model */
export const defaultModel: Handler = async (exchange, context) => {
  exchange.json(await defaultModelFor(exchange.identity.uid, context));
};
