import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describeError } from '@nanite/kit';
import { run } from './command';
import { parseParagraphs } from './deb822';
import { hashFile } from './files';
import { keyringName } from './key';
import { parseRelease } from './release';
import { byHash } from './tree';

/** The signed text of a suite, if both its signatures are good. */
async function signedText(folder: string, keyring: string, problems: string[]): Promise<string | null> {
  const good = async (name: string, args: string[]): Promise<string | null> => {
    try {
      return await run('gpgv', ['--quiet', '--keyring', keyring, ...args]);
    } catch (error) {
      problems.push(`${join(folder, name)}: no good signature: ${describeError(error)}`);
      return null;
    }
  };
  const inRelease = join(folder, 'InRelease');
  const release = join(folder, 'Release');
  const clear = await good('InRelease', ['--output', '-', inRelease]);
  const detached = await good('Release.gpg', [join(folder, 'Release.gpg'), release]);
  if (clear === null || detached === null) return null;
  // gpgv passes over what stands outside the signed part.
  const strays = [
    ['InRelease', /^-----BEGIN PGP SIGNED MESSAGE-----\n[^]*\n-----END PGP SIGNATURE-----\n$/],
    ['Release.gpg', /^-----BEGIN PGP SIGNATURE-----\n[^]*\n-----END PGP SIGNATURE-----\n$/],
  ] as const;
  for (const [name, whole] of strays) {
    if (!whole.test(await readFile(join(folder, name), 'utf8'))) {
      problems.push(`${join(folder, name)}: something stands outside the signature`);
    }
  }
  const text = await readFile(release, 'utf8');
  if (clear !== text) {
    problems.push(`${folder}: InRelease and Release differ`);
    return null;
  }
  return text;
}

async function checkFile(path: string, size: number, sha256: string, problems: string[]): Promise<boolean> {
  if (!existsSync(path)) {
    problems.push(`${path}: missing`);
    return false;
  }
  const actualSize = statSync(path).size;
  if (actualSize !== size) {
    problems.push(`${path}: ${actualSize} bytes, ${size} promised`);
    return false;
  }
  const actual = await hashFile(path);
  if (actual !== sha256) {
    problems.push(`${path}: sha256 is ${actual}, ${sha256} promised`);
    return false;
  }
  return true;
}

async function checkSuite(
  tree: string,
  suite: string,
  keyring: string,
  now: Date,
  problems: string[],
): Promise<void> {
  const folder = join(tree, 'dists', suite);
  const text = await signedText(folder, keyring, problems);
  if (text === null) return;
  const release = parseRelease(text);
  if (release.validUntil === null) problems.push(`${folder}: no Valid-Until`);
  else if (release.validUntil < now)
    problems.push(`${folder}: expired at ${release.validUntil.toISOString()}`);
  for (const [path, { size, sha256 }] of release.files) {
    const whole = await checkFile(join(folder, path), size, sha256, problems);
    await checkFile(join(folder, byHash(path, sha256)), size, sha256, problems);
    if (!whole || basename(path) !== 'Packages') continue;
    for (const fields of parseParagraphs(await readFile(join(folder, path), 'utf8'))) {
      await checkFile(
        join(tree, fields.get('Filename') ?? ''),
        Number(fields.get('Size')),
        fields.get('SHA256') ?? '',
        problems,
      );
    }
  }
}

/**
 * Check a published tree as a strict client would: signatures, end of validity, every index, every .deb.
 *
 * @param options.keyring armoured public keys; without it the tree's own, which proves only that it is whole
 * @returns what is wrong, one sentence each; empty where nothing is
 */
export async function verifyTree(
  tree: string,
  options: { keyring?: string; now?: Date; suites: readonly string[] },
): Promise<string[]> {
  const problems: string[] = [];
  const scratch = await mkdtemp(join(tmpdir(), 'nanite-verify-'));
  try {
    const armoured = options.keyring ?? join(tree, keyringName);
    if (!existsSync(armoured)) return [`${armoured}: missing`];
    // gpgv reads no armour.
    const keyring = join(scratch, 'keyring.gpg');
    await run('gpg', [
      '--homedir',
      scratch,
      '--batch',
      '--quiet',
      '--yes',
      '--output',
      keyring,
      '--dearmor',
      armoured,
    ]);
    for (const suite of options.suites)
      await checkSuite(tree, suite, keyring, options.now ?? new Date(), problems);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return problems;
}
