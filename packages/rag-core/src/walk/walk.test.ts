import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { joinPath, rootFolder, Rules, statFile, walk, type CollectionOptions } from '.';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nanite-walk-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (...paths: string[]) => {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'text\n');
  }
};
const found = async (options: Partial<CollectionOptions> = {}): Promise<string[]> => {
  const rules = new Rules({ include: [], exclude: [], gitignore: true, ...options });
  const paths: string[] = [];
  for await (const { content } of walk(rootFolder(Buffer.from(root)), rules, new AbortController().signal)) {
    for (const { path } of content?.files ?? []) paths.push(path.toString().slice(root.length + 1));
  }
  return paths.sort();
};

describe('a collection', () => {
  test('takes what lies below its folder', async () => {
    write('a.md', 'b/c.txt', 'b/d/e.pdf', 'archive.zip');
    expect(await found()).toEqual(['a.md', 'archive.zip', 'b/c.txt', 'b/d/e.pdf']);
  });

  test('takes only what is included, at any depth or at one place', async () => {
    write('a.md', 'b.txt', 'b/c.md', 'docs/d.txt', 'docs/x/e.txt', 'other/docs/f.txt');
    expect(await found({ include: ['*.md'] })).toEqual(['a.md', 'b/c.md']);
    expect(await found({ include: ['docs/**/*.txt'] })).toEqual(['docs/d.txt', 'docs/x/e.txt']);
    expect(await found({ include: ['/docs/'] })).toEqual(['docs/d.txt', 'docs/x/e.txt']);
    expect(await found({ include: ['docs/'] })).toContain('other/docs/f.txt');
  });

  test('leaves out what is excluded', async () => {
    write('a.md', 'drafts/b.md', 'x/drafts/c.md', 'x/d.log', 'x/y/e.md');
    expect(await found({ exclude: ['drafts/', '*.log', 'x/y/**'] })).toEqual(['a.md']);
    expect(await found({ exclude: ['/drafts'] })).toEqual(['a.md', 'x/d.log', 'x/drafts/c.md', 'x/y/e.md']);
  });
});

describe('.gitignore', () => {
  test('is obeyed as git obeys it, nested and with exceptions', async () => {
    write('keep.txt', 'a.log', 'build/x.txt', 'sub/a.log', 'sub/keep.log', 'sub/build', 'sub/deep/only.tmp2');
    write('.gitignore', 'sub/.gitignore', 'sub/deep/.gitignore');
    writeFileSync(join(root, '.gitignore'), '*.log\nbuild/\n');
    writeFileSync(join(root, 'sub/.gitignore'), '!keep.log\n/deep/*.tmp2\n');
    writeFileSync(join(root, 'sub/deep/.gitignore'), 'nothing\n');
    const mine = await found();
    expect(mine).toEqual(['keep.txt', 'sub/build', 'sub/keep.log']);
    execFileSync('git', ['init', '-q', root]);
    const listed = ['-C', root, 'ls-files', '--others', '--exclude-standard'];
    const gits = execFileSync('git', listed, { encoding: 'utf8' }).trim().split('\n').sort();
    expect(mine).toEqual(gits.filter((path) => !path.includes('.gitignore')));
  });

  test('can be switched off', async () => {
    write('a.log', '.gitignore');
    writeFileSync(join(root, '.gitignore'), '*.log\n');
    expect(await found()).toEqual([]);
    expect(await found({ gitignore: false })).toEqual(['a.log']);
  });
});

describe('privacy', () => {
  const secrets = [
    '.bashrc',
    '.ssh/config',
    '.config/chromium/notes.txt',
    'id_ed25519',
    'id_rsa.pub',
    'server.PEM',
    'vault/passwords.kdbx',
    'prod.env',
    'credentials.json',
    'old/mail.mbox',
    'Maildir/cur/1',
    'bash_history',
    'terraform.tfstate.backup',
    'node_modules/x/readme.md',
  ];

  test('leaves out secrets and stores, and nothing beside them', async () => {
    write(...secrets, 'notes.txt', 'keyboard.txt', 'history.md', 'environment.md', 'letters/passwords.md');
    expect(await found()).toEqual([
      'environment.md',
      'history.md',
      'keyboard.txt',
      'letters/passwords.md',
      'notes.txt',
    ]);
  });

  test('knows mail folders and profiles by what lies in them', async () => {
    write('post/cur/1', 'post/new/2', 'post/tmp/3', 'ff/prefs.js', 'ff/places.sqlite', 'ff/notes.txt');
    write('cache/CACHEDIR.TAG', 'cache/a.txt', 'cur/fine.txt');
    expect(await found()).toEqual(['cur/fine.txt']);
    expect(await found({ include: ['**', 'ff/**'] })).toEqual([
      'cur/fine.txt',
      'ff/notes.txt',
      'ff/places.sqlite',
      'ff/prefs.js',
    ]);
  });

  test.each(secrets)('lets %s in where an include spells it out', async (path) => {
    write(path, 'other.txt');
    expect(await found({ include: [path] })).toEqual([path]);
  });

  test('a glob that meets a secret by chance does not let it in', async () => {
    write('.ssh/config', '.hidden.md', 'a.md', 'id_rsa');
    expect(await found({ include: ['**', '*', '.*', '**/.*'] })).toEqual(['a.md']);
  });
});

describe('odd things in a folder', () => {
  test('links are not followed, neither out nor round', async () => {
    write('a/b.txt');
    symlinkSync('/etc', join(root, 'outside'));
    symlinkSync('/etc/passwd', join(root, 'passwd.txt'));
    symlinkSync('..', join(root, 'a/loop'));
    symlinkSync('self', join(root, 'self'));
    expect(await found()).toEqual(['a/b.txt']);
  });

  test('pipes are not opened', async () => {
    write('a.txt');
    execFileSync('mkfifo', [join(root, 'pipe.txt'), join(root, '.gitignore')]);
    expect(await found()).toEqual(['a.txt']);
  });

  test('names may have newlines and bytes that are not UTF-8', async () => {
    const name = Buffer.from([0x61, 0x0a, 0xff, 0x2e, 0x6d, 0x64]);
    const path = joinPath(Buffer.from(root), name);
    writeFileSync(path, 'x');
    const rules = new Rules({ include: ['*.md'], exclude: [], gitignore: true });
    for await (const { content } of walk(
      rootFolder(Buffer.from(root)),
      rules,
      new AbortController().signal,
    )) {
      expect(content?.files.map((file) => file.path)).toEqual([path]);
    }
  });

  test('a folder that is not there has no content', async () => {
    rmSync(root, { recursive: true });
    expect(await found()).toEqual([]);
  });
});

describe('what lstat sees of a file', () => {
  test('stays after a rename but for ctime, and changes with content and mode', async () => {
    write('a');
    const see = async (name: string) => (await statFile(Buffer.from(join(root, name))))!;
    const before = await see('a');
    renameSync(join(root, 'a'), join(root, 'b'));
    const renamed = await see('b');
    expect(renamed.identity).toBe(before.identity);
    chmodSync(join(root, 'b'), 0o600);
    const changed = await see('b');
    expect(changed.identity).toBe(before.identity);
    expect(changed.ctime).not.toBe(renamed.ctime);
    writeFileSync(join(root, 'b'), 'other');
    expect((await see('b')).identity).not.toBe(before.identity);
  });
});
