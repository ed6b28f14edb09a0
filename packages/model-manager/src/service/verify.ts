import type { VerifyReport, VerifyRequest } from '@nanite/contracts';
import { describeError } from '@nanite/kit';
import type { Asked, Puller } from '../pull';
import { checkBlob, holders, relink, restoreFromModel, withdraw, type Fault } from '../store';

interface Checked {
  sha256: string;
  size: number | null;
  models: Set<string>;
}

/**
 * Read blobs again, take those out of use that are not what they were, and fetch them again where it is known from
 * where.
 */
export async function verifyStore(
  puller: Puller,
  request: VerifyRequest,
  asked: Asked,
): Promise<VerifyReport> {
  const { store } = puller;
  const wanted = request.models?.map((name) => store.find(name).manifest.id) ?? null;
  const known = new Map<string, Checked>();
  const all = holders(store.layout);
  const digests = new Set(
    all
      .filter(({ id }) => wanted === null || wanted.includes(id))
      .flatMap(({ manifest }) => manifest?.files.map(({ sha256 }) => sha256) ?? []),
  );
  // Every model that has such a file, not only those named: another one may know where it came from.
  for (const { id, manifest } of all) {
    for (const { sha256, size } of manifest?.files ?? []) {
      if (!digests.has(sha256)) continue;
      const blob = known.get(sha256) ?? { sha256, size, models: new Set<string>() };
      blob.models.add(id);
      known.set(sha256, blob);
    }
  }
  if (wanted === null) {
    for (const sha256 of store.blobs.list()) {
      if (!known.has(sha256)) known.set(sha256, { sha256, size: null, models: new Set() });
    }
  }
  const report: VerifyReport = { checked: known.size, bad: [] };
  for (const blob of known.values()) {
    const fault = await check(puller, blob, asked);
    if (fault === null) {
      relink(store.layout, store.blobs, blob.sha256);
      continue;
    }
    const { layout, blobs } = store;
    if (fault === 'missing' && (await restoreFromModel(layout, blobs, blob.sha256, asked.signal))) {
      relink(layout, blobs, blob.sha256);
      report.bad.push({
        sha256: blob.sha256,
        models: [...blob.models],
        what: fault,
        repaired: true,
        why: null,
      });
      continue;
    }
    withdraw(store.layout, store.blobs, blob.sha256);
    const why = request.repair ? await repair(puller, blob, asked) : 'no repair was asked for';
    report.bad.push({
      sha256: blob.sha256,
      models: [...blob.models],
      what: fault,
      repaired: why === null,
      why,
    });
  }
  return report;
}

function check({ store }: Puller, blob: Checked, asked: Asked): Promise<Fault | null> {
  const status = `verifying ${blob.sha256.slice(0, 12)}`;
  const digest = `sha256:${blob.sha256}`;
  let reported = -Infinity;
  return checkBlob(store.blobs, blob, asked.signal, (completed) => {
    if (performance.now() - reported < 100) return;
    reported = performance.now();
    asked.report({ status, digest, completed, ...(blob.size !== null && { total: blob.size }) });
  });
}

/** Fetch a blob again. @returns null where it is back, else why not */
async function repair(puller: Puller, blob: Checked, asked: Asked): Promise<string | null> {
  const { store, fetches } = puller;
  let why = 'no model that has it says where it came from';
  for (const id of blob.models) {
    const model = store.list().find((each) => each.manifest.id === id && each.origin === 'store');
    const { reference, insecure } = model?.record ?? { reference: null, insecure: false };
    if (reference === null) continue;
    try {
      const { resolved } = await puller.resolve({ reference, name: null, insecure, token: null }, asked);
      const file = resolved.files.find(
        (each) => each.sha256 === blob.sha256 || (each.sha256 === null && each.size === blob.size),
      );
      if (file === undefined) {
        why = `${reference} no longer has it`;
        continue;
      }
      const exact = { ...file, sha256: blob.sha256 };
      const key = fetches.keyOf(exact, resolved.source);
      await fetches.get(key, exact, () => undefined, asked.signal);
      relink(store.layout, store.blobs, blob.sha256);
      return null;
    } catch (error) {
      asked.signal.throwIfAborted();
      why = describeError(error);
    }
  }
  return why;
}
