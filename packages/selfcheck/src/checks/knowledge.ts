import { ApiFailure, KnowledgeClient, type Source } from '@nanite/contracts';
import { shareDir } from '@nanite/kit';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, pass, skip, warn, type Check, type Verdict } from '../check';
import { within } from '../limit';
import { hasUnit } from '../system';

/** Collections of this check, also those of one that was killed. */
const prefix = 'nanite-selfcheck-';

const question = 'When does the lighthouse keeper of Nanite Point light the lamp?';
/** Stands in the sample, and nowhere else. */
const expected = /nineteen minutes/i;

const sampleFolder = (): string => `${shareDir()}/selfcheck/sample`;

/** Remove the index of the sample; the sample stays, and no other collection is touched. */
async function tidy(client: KnowledgeClient, signal: AbortSignal): Promise<void> {
  for (const { name, roots } of (await client.collections(signal)).collections) {
    if (!name.startsWith(prefix) || roots.some((root) => root !== sampleFolder())) continue;
    await client.remove(name, signal);
  }
}

async function indexed(client: KnowledgeClient, name: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { progress } = await client.collection(name, signal);
    if (progress.state === 'stopped') {
      throw new ApiFailure(500, 'stopped', `indexing stopped: ${progress.why ?? 'unknown'}`);
    }
    if (progress.state === 'ready' && progress.files.indexed > 0) return;
    await sleep(300, undefined, { signal });
  }
}

async function foundByWords(client: KnowledgeClient, name: string, signal: AbortSignal): Promise<boolean> {
  const wish = {
    query: question,
    mode: 'sparse' as const,
    filter: { collections: [name] },
    scope: 'own' as const,
  };
  return (await client.search(wish, signal)).hits.some(({ passage }) => expected.test(passage.text));
}

/** Index the sample, ask about it, and look at what is cited. */
async function look(client: KnowledgeClient, name: string, signal: AbortSignal): Promise<Verdict> {
  const since = Date.now();
  await client.put(name, { roots: [sampleFolder()] }, signal);
  await indexed(client, name, signal);
  const indexSeconds = (Date.now() - since) / 1000;
  const sources: Source[] = [];
  let quoted = '';
  let model: string | null = null;
  let notes: string[] = [];
  const wish = { question, scope: 'own' as const, filter: { collections: [name] } };
  for await (const event of client.ask(wish, signal)) {
    if (event.event === 'source') sources.push(event);
    if (event.event === 'text') {
      quoted += ` ${event.text} ${event.citations.map(({ quote }) => quote).join(' ')}`;
    }
    if (event.event === 'done') ({ model, notes } = event);
  }
  const cited = sources.find(({ passage }) => passage.path.startsWith(sampleFolder()));
  const data = { indexSeconds, model, sources: sources.length };
  const [source] = sources;
  if (cited === undefined) {
    const instead = source === undefined ? 'no answer was found in it' : `${source.passage.path} was cited`;
    // Words alone are not sure enough to answer from where no model is there that knows what they mean, or no memory for
    // it: that is how this machine was made, like one that has no model to chat with.
    if (source === undefined && notes.length > 0 && (await foundByWords(client, name, signal))) {
      const found = ['the sample is indexed, and found by its words', ...notes].join('; ');
      const todo =
        'get a model for meaning: nanite models search embedding; or, where memory is short, close other programs';
      return warn(found, todo, data);
    }
    const said = [`the sample is indexed, but ${instead}`, ...notes].join('; ');
    return fail(said, 'see why: journalctl --user -b -u nanite-rag', data);
  }
  if (!expected.test(quoted)) {
    return fail('the sample is cited, but not at the place of the answer', 'report this as a bug', data);
  }
  return pass([`the sample is indexed, found and cited`, ...notes].join('; '), data);
}

export const knowledge: Check = {
  id: 'knowledge',
  title: 'An answer from a file, with its source',
  side: 'person',
  seconds: 180,
  quick: false,
  run: async (signal) => {
    if (!hasUnit('nanite-rag.socket', 'user')) return skip('nanite-rag is not installed');
    const runtime = process.env['XDG_RUNTIME_DIR'];
    const socket = runtime === undefined ? null : `${runtime}/nanite/rag.sock`;
    if (socket === null || !existsSync(socket)) {
      const who = 'nobody is logged in whose files could be indexed';
      if (runtime === undefined || !existsSync(`${runtime}/systemd`)) {
        return skip(who, 'log in, or name somebody who is: --person NAME');
      }
      return fail(
        `${socket} is not there`,
        'systemctl --user start nanite-rag.socket; it starts with the next login',
      );
    }
    const client = new KnowledgeClient(socket);
    const name = `${prefix}${process.pid}`;
    try {
      await tidy(client, signal);
      return await look(client, name, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiFailure)) throw error;
      return fail(error.message, error.hint ?? 'see why: journalctl --user -b -u nanite-rag');
    } finally {
      // With a limit of its own: the signal may be what ended the check.
      await within(30, new AbortController().signal, (limited) => tidy(client, limited)).catch(
        (error: unknown) => {
          process.stderr.write(`nanite-selfcheck: collection ${name} is left: ${String(error)}\n`);
        },
      );
    }
  },
};
