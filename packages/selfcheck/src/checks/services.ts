import { ApiFailure, GatewayClient, KnowledgeClient, ModelStoreClient } from '@nanite/contracts';
import { socketPath } from '@nanite/kit';
import { existsSync } from 'node:fs';
import { fail, pass, skip, warn, type Check, type Verdict } from '../check';
import { hasUnit } from '../system';

/** An answer of ours that is a refusal or none at all, as a failure; other errors are thrown on. */
function failed(error: unknown, unit: string): Verdict {
  if (!(error instanceof ApiFailure)) throw error;
  return fail(error.message, error.hint ?? `see why: journalctl -b -u ${unit}`);
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export const gateway: Check = {
  id: 'gateway',
  title: 'Gateway',
  side: 'machine',
  seconds: 60,
  quick: true,
  run: async (signal) => {
    if (!hasUnit('nanite-gateway.socket')) return skip('nanite-gateway is not installed');
    const client = new GatewayClient({ kind: 'unix', socketPath: socketPath('gateway') });
    try {
      const { engine, listeners, models, notices } = await client.status(signal);
      if (engine === null) {
        return fail(
          'it answers, but the engine behind it does not',
          'see why: journalctl -b -u nanite-engine',
        );
      }
      const runnable = models.filter((model) => model.runnable);
      const data = { models: models.length, runnable: runnable.length, engine: true };
      const said = `answers on ${listeners.join(', ')}; ${plural(models.length, 'model')}`;
      const stuck = models.find((model) => !model.runnable);
      if (stuck !== undefined) {
        const whole = runnable.length === 0 ? 'no model fits here' : 'not every model runs here';
        const hint = 'nanite models search shows others, nanite models fit NAME what would run here';
        return warn(`${whole}: ${stuck.name}: ${stuck.why ?? 'unknown'}`, hint, data);
      }
      const notice = notices[0];
      if (notice !== undefined)
        return warn(`${said}; ${notice.message}`, notice.hint ?? 'nanite status', data);
      return pass(said, data);
    } catch (error) {
      return failed(error, 'nanite-gateway');
    }
  },
};

export const models: Check = {
  id: 'models',
  title: 'The model store',
  side: 'machine',
  seconds: 60,
  quick: true,
  run: async (signal) => {
    if (!hasUnit('nanite-models.socket')) return skip('nanite-models is not installed');
    try {
      const { models: stored } = await new ModelStoreClient(socketPath('models')).list(signal);
      const broken = stored.filter(({ missing }) => missing.length > 0);
      const data = { models: stored.length };
      if (broken.length > 0) {
        const names = broken.map(({ manifest }) => manifest.name).join(', ');
        return fail(`files are missing: ${names}`, 'get them again: nanite models verify', data);
      }
      return pass(stored.map(({ manifest }) => manifest.name).join(', ') || 'answers; no model yet', data);
    } catch (error) {
      return failed(error, 'nanite-models');
    }
  },
};

export const team: Check = {
  id: 'team',
  title: 'Files that a team shares',
  side: 'machine',
  seconds: 60,
  quick: true,
  run: async (signal) => {
    const socket = socketPath('rag-team');
    if (!existsSync(socket)) return skip('not shared on this machine');
    try {
      const { collections } = await new KnowledgeClient(socket).collections(signal);
      return pass(`answers; ${plural(collections.length, 'collection')}`);
    } catch (error) {
      return failed(error, 'nanite-rag-team');
    }
  },
};
