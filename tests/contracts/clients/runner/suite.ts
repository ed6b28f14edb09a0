import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../../../harness';
import { clientFolders } from './catalogue';
import { exceptionFor } from './exceptions';
import { installNanite, tryClient, type Models } from './machine';
import { keepResults } from './results';

/** Declare the tests of the clients of one suite against one booted machine with these models. */
export function clientSuite(suite: 'core' | 'more', models: Models): void {
  const clients = clientFolders().filter((client) => client.suite === suite || client.suite === 'both');
  let machine: Machine;

  beforeAll(async () => {
    machine = Machine.boot(`clients-${suite}`);
    await installNanite(machine, Object.values(models));
  }, 1_800_000);
  afterAll(() => machine?.stop());

  describe.each(clients)('$folder', (client) => {
    test('every feature works, or is an exception that is known', { timeout: 1_800_000 }, async () => {
      const results = await tryClient(machine, client, models);
      keepResults(results);
      expect(results.length, `${client.folder} tried nothing`).toBeGreaterThan(0);
      for (const { client: name, feature, ok, detail } of results) {
        const known = exceptionFor(name, feature);
        if (known === undefined) expect.soft(ok, `${name}: ${feature}: ${detail}`).toBe(true);
        else expect.soft(ok, `${name}: ${feature} works: take it off exceptions.json`).toBe(false);
      }
    });
  });
}
