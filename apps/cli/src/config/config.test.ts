import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeSetting, getSetting, listSettings, setSetting, unsetSetting, valueFrom } from './config';

let root: string;
let out: string;
let err: string;
const before = { ...process.env };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nanite-config-'));
  process.env['NANITE_SHARE_DIR'] = join(root, 'share');
  process.env['NANITE_ETC_DIR'] = join(root, 'etc');
  process.env['XDG_CONFIG_HOME'] = join(root, 'home');
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
});

afterEach(() => {
  vi.restoreAllMocks();
  process.env = { ...before };
  rmSync(root, { recursive: true, force: true });
});

const userFile = () => join(root, 'home/nanite/config.yaml');
const systemFile = () => join(root, 'etc/config.yaml');

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

describe('nanite config set', () => {
  it("makes the person's file, readable by the person only", async () => {
    expect(await setSetting('cli.model', 'smollm2:135m', false)).toBe(0);
    expect(readFileSync(userFile(), 'utf8')).toBe('cli:\n  model: smollm2:135m\n');
    expect(statSync(userFile()).mode & 0o777).toBe(0o600);
  });

  it('keeps comments, order and what else is there', async () => {
    put(userFile(), '# mine\ncli:\n  # why\n  history: 5 # few\n  model: a\n');
    await setSetting('cli.model', 'b', false);
    await setSetting('cli.system', 'Be brief', false);
    expect(readFileSync(userFile(), 'utf8')).toBe(
      '# mine\ncli:\n  # why\n  history: 5 # few\n  model: b\n  system: Be brief\n',
    );
  });

  it('fills a section that is empty', async () => {
    put(userFile(), 'cli:\n  # model: a\n');
    expect(await setSetting('cli.model', 'b', false)).toBe(0);
    expect(readFileSync(userFile(), 'utf8')).toContain('model: b');
  });

  it("changes the machine's file with --system, for all to read", async () => {
    expect(await setSetting('gateway.hosts', '[a.example, b.example]', true)).toBe(0);
    expect(readFileSync(systemFile(), 'utf8')).toBe('gateway:\n  hosts:\n    - a.example\n    - b.example\n');
    expect(statSync(systemFile()).mode & 0o777).toBe(0o644);
  });

  it.each([
    ['cli.history', 'many', 'cli.history cannot be "many"\n  allowed: whole number from 0 to 100000'],
    ['cli.colour', 'red', 'one of: auto, never'],
    ['cli.history', '-1', 'whole number from 0'],
  ])('refuses %s = %s and writes nothing', async (key, value, why) => {
    expect(await setSetting(key, value, false)).toBe(2);
    expect(err).toContain(why);
    expect(existsSync(userFile())).toBe(false);
  });

  it.each([
    ['cli.modle', 'did you mean cli.model'],
    ['colour', 'did you mean cli.colour'],
    ['cli.', 'is not the name of a setting'],
  ])('names what was meant by %s', async (key, meant) => {
    expect(await setSetting(key, 'x', false)).toBe(2);
    expect(err).toContain(meant);
  });

  it("does not put the machine's settings into the person's file", async () => {
    expect(await setSetting('gateway.remotes', 'true', false)).toBe(2);
    expect(err).toContain('sudo nanite config set --system');
  });

  it('mends a mistake that stands in the file', async () => {
    put(userFile(), 'cli:\n  history: many\n');
    expect(await setSetting('cli.history', '7', false)).toBe(0);
    expect(readFileSync(userFile(), 'utf8')).toBe('cli:\n  history: 7\n');
  });

  it('keeps a link to dotfiles a link', async () => {
    put(join(root, 'dotfiles.yaml'), '# dot\n');
    mkdirSync(dirname(userFile()), { recursive: true });
    symlinkSync(join(root, 'dotfiles.yaml'), userFile());
    expect(await setSetting('cli.history', '7', false)).toBe(0);
    expect(lstatSync(userFile()).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(root, 'dotfiles.yaml'), 'utf8')).toContain('history: 7');
  });

  it('checks a change of a linked file too', async () => {
    put(join(root, 'dotfiles.yaml'), '# dot\n');
    mkdirSync(dirname(userFile()), { recursive: true });
    symlinkSync(join(root, 'dotfiles.yaml'), userFile());
    expect(await setSetting('cli.history', 'many', false)).toBe(2);
    expect(readFileSync(join(root, 'dotfiles.yaml'), 'utf8')).toBe('# dot\n');
  });

  it('leaves no draft behind', async () => {
    await setSetting('cli.history', '7', false);
    expect(readdirSync(dirname(userFile()))).toEqual(['config.yaml']);
  });
});

describe('valueFrom', () => {
  it.each([
    ['123', ['cli', 'model'], '123'],
    ['true', ['cli', 'model'], 'true'],
    ['null', ['cli', 'model'], null],
    ['0.5', ['cli', 'temperature'], 0.5],
    ['10m', ['cli', 'keepAlive'], '10m'],
    ['-1', ['cli', 'keepAlive'], -1],
    ['[a, b]', ['gateway', 'hosts'], ['a', 'b']],
  ])('%s for %j is %j', (text, path, value) => expect(valueFrom(text, path)).toEqual(value));
});

describe('nanite config unset', () => {
  it('takes a setting out, and its section when that is empty', async () => {
    put(userFile(), '# mine\ncli:\n  model: a\n  history: 5\n');
    expect(await unsetSetting('cli.model', false)).toBe(0);
    expect(readFileSync(userFile(), 'utf8')).toBe('# mine\ncli:\n  history: 5\n');
    expect(await unsetSetting('cli.history', false)).toBe(0);
    expect(readFileSync(userFile(), 'utf8').replace(/\s+$/, '')).toBe('# mine');
  });

  it('takes out what is not a setting any more', async () => {
    put(userFile(), 'cli:\n  gone: 1\n  history: 5\n');
    expect(await unsetSetting('cli.gone', false)).toBe(0);
    expect(readFileSync(userFile(), 'utf8')).toBe('cli:\n  history: 5\n');
  });

  it('says so where nothing was set', async () => {
    expect(await unsetSetting('cli.model', false)).toBe(1);
    expect(err).toContain('is not set in');
  });
});

describe('what settings are', () => {
  beforeEach(() => {
    put(join(root, 'share/config.d/10-model.yaml'), 'cli: { model: packaged }\n');
    put(systemFile(), 'gateway:\n  keepAlive: 1h\n');
    put(userFile(), 'cli:\n  history: 5\n');
  });

  it('get prints values plainly, sections as YAML', async () => {
    await getSetting('cli.model', false);
    await getSetting('gateway.keepAlive', false);
    expect(out).toBe('packaged\n1h\n');
    out = '';
    await getSetting('gateway.queue', false);
    expect(out).toContain('perUser: 128\n');
  });

  it('list names the origin of each value', async () => {
    await listSettings(undefined, false);
    const lines = Object.fromEntries(
      out.split('\n').map((line) => [line.split(' ')[0], line.split(/ {2,}/).at(-1)]),
    );
    expect(lines).toMatchObject({
      'cli.model': `${join(root, 'share/config.d/10-model.yaml')}:1`,
      'cli.history': `${userFile()}:2`,
      'gateway.keepAlive': `${systemFile()}:2`,
      'cli.colour': 'default',
    });
  });

  it('list --json is for programs', async () => {
    await listSettings('cli', true);
    const rows = JSON.parse(out) as Array<{ key: string }>;
    expect(rows.every(({ key }) => key.startsWith('cli.'))).toBe(true);
    expect(rows).toContainEqual({ key: 'cli.history', value: 5, origin: 'user', file: userFile(), line: 2 });
  });

  it('describe explains', async () => {
    await describeSetting('cli.history');
    expect(out).toMatch(/cli\.history\n {2}Lines that .*\n/);
    expect(out).toContain('whole number from 0 to 100000');
    expect(out).toContain(`${userFile()}:2`);
  });
});
