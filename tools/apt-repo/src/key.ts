import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { run } from './command';
import { withLock } from './lock';

/** Name of the public key wherever it lies: beside dists/, and in /usr/share/keyrings. */
export const keyringName = 'nanite-archive-keyring.asc';

const userId = 'Nanite archive signing key <archive@nanite.invalid>';

/**
 * Folder of the signing key: $NANITE_KEYS, else `keys` in $NANITE_CACHE, the one folder outside the checkout that a
 * build in the trixie root sees. See docs/publishing.md.
 */
export const keysFolder = (): string =>
  process.env['NANITE_KEYS'] ?? join(process.env['NANITE_CACHE'] ?? '/var/cache/nanite', 'keys');

export interface SigningKey {
  /** 40 hexadecimal digits. */
  fingerprint: string;
  /** True where this call made it. */
  isNew: boolean;
  folder: string;
}

const gpg = (folder: string, args: readonly string[], input?: string): Promise<string> =>
  run('gpg', ['--homedir', join(folder, 'gnupg'), '--batch', '--no-tty', '--quiet', ...args], { input });

/** Fingerprints of the secret keys in a folder. */
async function secretKeys(folder: string): Promise<string[]> {
  if (!existsSync(join(folder, 'gnupg'))) return [];
  const listing = await gpg(folder, ['--with-colons', '--list-secret-keys']);
  const lines = listing.split('\n').map((line) => line.split(':'));
  return lines.flatMap((fields, at) => (fields[0] === 'sec' ? [lines[at + 1]?.[9] ?? ''] : []));
}

async function makeFolder(folder: string): Promise<void> {
  for (const path of [folder, join(folder, 'gnupg')]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  }
  const note = join(folder, 'README');
  if (existsSync(note)) return;
  await writeFile(
    note,
    'The key that signs your Nanite package repository. Keep it secret and keep a backup:\n' +
      '    tools/target/target enter npx tsx tools/apt-repo/src/main.ts key backup FILE\n' +
      'Without it, machines that use the repository need the next key by hand. See docs/publishing.md.\n',
  );
}

/**
 * The key that signs the repository; made on first use: Ed25519, for signing only, without a passphrase (a build
 * signs unattended) and without an end date (Valid-Until limits how long a signature counts).
 *
 * @throws NaniteError `several-keys` where the folder holds more than one and nothing says which
 */
export async function signingKey(folder = keysFolder()): Promise<SigningKey> {
  await makeFolder(folder);
  return withLock(join(folder, '.lock'), async () => {
    const before = await secretKeys(folder);
    if (before.length === 0) {
      await gpg(folder, ['--passphrase', '', '--quick-generate-key', userId, 'ed25519', 'sign', '0']);
    }
    const keys = await secretKeys(folder);
    const wanted = process.env['NANITE_KEY'];
    const matching = wanted === undefined ? keys : keys.filter((key) => key.endsWith(wanted.toUpperCase()));
    if (matching.length !== 1) {
      throw new NaniteError(
        'several-keys',
        `${folder} holds ${keys.length} signing keys (${keys.join(', ')}), ${matching.length} of them fit`,
        { hint: 'set NANITE_KEY to the fingerprint of the one to sign with' },
      );
    }
    return { fingerprint: matching[0]!, isNew: before.length === 0, folder };
  });
}

/** The public keys that clients shall trust, armoured: every key in the folder, so that a rotation overlaps. */
export const publicKeys = (key: SigningKey): Promise<string> =>
  gpg(key.folder, ['--armor', '--export-options', 'export-minimal', '--export']);

/** The secret key, armoured: for a backup or another machine. */
export const secretKey = (key: SigningKey): Promise<string> =>
  gpg(key.folder, ['--armor', '--export-secret-keys', key.fingerprint]);

/** Take over a key that `key backup` wrote. */
export async function importKey(file: string, folder = keysFolder()): Promise<void> {
  const text = await readFile(file, 'utf8');
  await makeFolder(folder);
  await gpg(folder, ['--import'], text);
}

/** InRelease: the text with its signature around it. */
export const clearSign = (key: SigningKey, text: string): Promise<string> =>
  gpg(
    key.folder,
    ['--local-user', key.fingerprint, '--digest-algo', 'SHA512', '--clear-sign', '--output', '-'],
    text,
  );

/** Release.gpg: the signature alone, armoured. */
export const detachSign = (key: SigningKey, text: string): Promise<string> =>
  gpg(
    key.folder,
    ['--local-user', key.fingerprint, '--digest-algo', 'SHA512', '--armor', '--detach-sign', '--output', '-'],
    text,
  );
