import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiFailure } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { FakeEngine, fakeEntry } from '../__fixtures__/fake-engine';
import { Broker } from './broker';
import { BusyError } from './busy';
import type { Lease } from './types';

const small = fakeEntry('small', { memoryBytes: 100 });
const middle = fakeEntry('middle', { memoryBytes: 100 });
const large = fakeEntry('large', { memoryBytes: 200 });
const huge = fakeEntry('huge', { memoryBytes: 1000 });

let engine: FakeEngine;
let broker: Broker;

function make(queue = { length: 10, perUser: 10, seconds: 60 }): void {
  engine = new FakeEngine([small, middle, large, huge]);
  engine.real = false;
  engine.delay = 10;
  broker = new Broker({ engine, log: createLog(() => {}), queue, keepAliveMs: 300_000 });
}

beforeEach(() => {
  vi.useFakeTimers();
  make();
});
afterEach(() => vi.useRealTimers());

const ask = (entry = small, uid = 1000, more = {}): Promise<Lease> => broker.acquire(entry, { uid, ...more });
const settle = (milliseconds = 50) => vi.advanceTimersByTimeAsync(milliseconds);

/** What has become of a promise by now. */
function watch<T>(promise: Promise<T>): { state: string; value?: T; error?: unknown } {
  const seen: { state: string; value?: T; error?: unknown } = { state: 'waiting' };
  promise.then(
    (value) => Object.assign(seen, { state: 'granted', value }),
    (error: unknown) => Object.assign(seen, { state: 'refused', error }),
  );
  return seen;
}

describe('the broker', () => {
  it('loads a model once for all who ask for it at the same time', async () => {
    const first = watch(ask());
    const second = watch(ask());
    await settle();
    expect(engine.started.length).toBe(1);
    expect([first.state, second.state]).toEqual(['granted', 'granted']);
    expect(first.value?.loadNs).toBeGreaterThan(0);
    first.value?.release();
    expect((await ask()).loadNs).toBe(0);
  });

  it('loads a model anew that became another one, once those who were first have their answers', async () => {
    const before = watch(ask());
    await settle();
    broker.renew('small');
    const after = watch(ask());
    await settle();
    expect([before.state, after.state, engine.started.length]).toEqual(['granted', 'waiting', 1]);
    before.value?.release();
    await settle();
    expect([after.state, engine.started.length, engine.stopped]).toEqual(['granted', 2, ['small']]);
    // The control: without a change it stays.
    after.value?.release();
    await settle();
    expect((await ask()).loadNs).toBe(0);
  });

  it('never sends a worker more than its slots, and keeps the order', async () => {
    const seen = [ask(), ask(), ask(), ask()].map(watch);
    await settle();
    expect(seen.map(({ state }) => state)).toEqual(['granted', 'granted', 'waiting', 'waiting']);
    seen[0]?.value?.release();
    await settle(0);
    expect(seen.map(({ state }) => state)).toEqual(['granted', 'granted', 'granted', 'waiting']);
    expect(broker.view()[0]).toMatchObject({ running: 2, waiting: 1 });
  });

  it('serves a second user before the rest of the first one’s crowd', async () => {
    const crowd = [ask(), ask(), ask(), ask()].map(watch);
    const other = watch(ask(small, 1001));
    await settle();
    crowd[0]?.value?.release();
    await settle(0);
    expect(other.state).toBe('granted');
    expect(crowd[2]?.state).toBe('waiting');
  });

  it('stops the idle model that was used longest ago to make room', async () => {
    (await settled(ask(small))).release();
    await settle(1000);
    (await settled(ask(middle))).release();
    await settled(ask(large));
    // 250 in all: small and middle both have to go for large, the older one first.
    expect(engine.stopped).toEqual(['small', 'middle']);
    expect(broker.view().map(({ id }) => id)).toEqual(['large']);
  });

  it('waits for a busy model rather than take its memory', async () => {
    const busy = await settled(ask(large));
    const waiting = watch(ask(middle));
    await settle(1000);
    expect(waiting.state).toBe('waiting');
    expect(engine.stopped).toEqual([]);
    busy.release();
    await settle();
    expect(waiting.state).toBe('granted');
    expect(engine.stopped).toEqual(['large']);
  });

  it('does not let one model that is always busy keep another out for ever', async () => {
    let current = await settled(ask(large));
    const waiting = watch(ask(middle));
    for (let second = 0; second < 20 && waiting.state === 'waiting'; second++) {
      const next = ask(large);
      next.catch(() => {});
      await settle(500);
      current.release();
      await settle(500);
      if (waiting.state === 'waiting') current = await Promise.race([next, Promise.resolve(current)]);
    }
    expect(waiting.state).toBe('granted');
  });

  it('refuses what can never fit, and says the numbers', async () => {
    const seen = watch(ask(huge));
    await settle();
    expect(seen.error).toMatchObject({ code: 'model-too-large', status: 507 });
    expect(engine.started).toEqual([]);
  });

  it('refuses what cannot run here for the reason that the engine found', async () => {
    const missing = {
      ...large,
      memoryBytes: null,
      runnable: false,
      why: 'llama.cpp is not installed (install nanite-llama)',
      whyCode: 'backend-missing',
      whyStatus: 501,
    };
    const seen = watch(ask(missing));
    await settle();
    expect(seen.error).toMatchObject({ code: 'backend-missing', status: 501 });
    expect((seen.error as Error).message).toContain('install nanite-llama');
    expect(engine.started).toEqual([]);
    const unknown = watch(ask({ ...missing, whyCode: null, whyStatus: null }));
    await settle();
    expect(unknown.error).toMatchObject({ code: 'model-too-large', status: 507 });
  });

  it('refuses past its bound with Retry-After, for all and for one user', async () => {
    make({ length: 4, perUser: 2, seconds: 60 });
    const seen = [1, 1, 1, 1, 1].map(() => watch(ask()));
    await settle(0);
    expect(seen.slice(2).map(({ state }) => state)).toEqual(['refused', 'refused', 'refused']);
    const others = [2, 2, 3].map((uid) => watch(ask(small, uid)));
    await settle(0);
    expect(others.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'refused']);
    const error = others[2]?.error as BusyError;
    expect(error).toBeInstanceOf(BusyError);
    expect(error).toMatchObject({ status: 503, code: 'queue-full' });
    expect(error.retryAfter).toBeGreaterThanOrEqual(1);
  });

  it('refuses who has waited too long', async () => {
    const held = [ask(), ask()];
    await settle();
    await Promise.all(held);
    const late = watch(ask());
    await settle(61_000);
    expect(late.error).toMatchObject({ code: 'queue-timeout', status: 503 });
  });

  it('forgets a client that left the queue', async () => {
    await settled(ask());
    await settled(ask());
    const gone = new AbortController();
    const left = watch(ask(small, 1000, { signal: gone.signal }));
    gone.abort(new Error('gone'));
    await settle(0);
    expect(left.state).toBe('refused');
    expect(broker.waiting).toBe(0);
  });

  it('unloads after keep_alive, at once for 0, never for Infinity', async () => {
    (await settled(ask(small, 1, { keepAliveMs: 5_000 }))).release();
    await settle(4_000);
    expect(engine.stopped).toEqual([]);
    await settle(2_000);
    expect(engine.stopped).toEqual(['small']);
    (await settled(ask(small, 1, { keepAliveMs: 0 }))).release();
    await settle(0);
    expect(engine.stopped).toEqual(['small', 'small']);
    (await settled(ask(small, 1, { keepAliveMs: Infinity }))).release();
    await settle(10 * 24 * 3600_000);
    expect(broker.view()[0]).toMatchObject({ state: 'ready', expiresAt: null });
  });

  it('does not unload a model while it answers', async () => {
    const lease = await settled(ask(small, 1, { keepAliveMs: 1_000 }));
    await settle(60_000);
    expect(engine.stopped).toEqual([]);
    expect(await settled(broker.unload('small'))).toBe(true);
    await settle();
    expect(engine.stopped).toEqual([]);
    lease.release();
    await settle();
    expect(engine.stopped).toEqual(['small']);
  });

  it('has ended an idle model when it says so', async () => {
    (await settled(ask(small, 1, { keepAliveMs: Infinity }))).release();
    expect(await settled(broker.unload('small'))).toBe(true);
    expect(engine.stopped).toEqual(['small']);
    expect(broker.view()).toEqual([]);
    expect(await settled(broker.unload('small'))).toBe(false);
  });

  it('starts a new worker after one was lost, for those who wait too', async () => {
    const first = await settled(ask());
    await settled(ask());
    const waiting = watch(ask());
    engine.running.delete('small');
    first.lost();
    await settle();
    expect(waiting.state).toBe('granted');
    expect(engine.started.length).toBe(2);
    first.release();
    expect(broker.view()[0]?.running).toBe(1);
  });

  it('starts a worker anew for a larger context, once it is idle', async () => {
    const first = await settled(ask());
    const wants = { context: 8192, threads: null, gpuLayers: null };
    const larger = watch(ask(small, 1, { wants }));
    await settle();
    expect(larger.state).toBe('waiting');
    first.release();
    await settle();
    expect(larger.value?.worker.plan.context).toBe(8192);
    larger.value?.release();
    await settled(ask());
    expect(engine.started.length).toBe(2);
  });

  it('makes room when the engine says that memory is short although the estimate fitted', async () => {
    (await settled(ask(small))).release();
    engine.failNext = new ApiFailure(503, 'no-memory', 'does not fit now');
    const seen = watch(ask(middle));
    await settle(200);
    expect(seen.state).toBe('granted');
    expect(engine.stopped).toEqual(['small']);
  });

  it('gives 503 with Retry-After, not 500, where there is nothing left to stop', async () => {
    engine.failNext = new ApiFailure(503, 'no-memory', 'does not fit now');
    const seen = watch(ask(small));
    await settle();
    expect(seen.error).toBeInstanceOf(BusyError);
  });

  it('tells all who wait for a model that the engine refuses it', async () => {
    engine.failNext = new ApiFailure(422, 'model-refused', 'the file is truncated');
    const seen = [ask(), ask()].map(watch);
    await settle();
    expect(seen.map(({ error }) => error)).toMatchObject([
      { code: 'model-refused' },
      { code: 'model-refused' },
    ]);
    expect(broker.size).toBe(0);
    await settled(ask());
  });

  it('adopts, and counts the memory of, workers it did not start', async () => {
    const options = { context: null, slots: null, threads: null, gpuLayers: null };
    const starting = engine.start({ model: 'large', options });
    await settle();
    await starting;
    await broker.adopt();
    expect(broker.view()).toMatchObject([{ id: 'large', state: 'ready', memoryBytes: 200 }]);
    await settled(ask(middle));
    expect(engine.stopped).toEqual(['large']);
  });
});

async function settled<T>(promise: Promise<T>): Promise<T> {
  const seen = watch(promise);
  await settle(200);
  expect(seen).toMatchObject({ state: 'granted' });
  return promise;
}
