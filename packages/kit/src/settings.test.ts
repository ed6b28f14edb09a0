import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NaniteError } from './errors';
import { loadSettings } from './settings';
import { formatKey, parseKey } from './settings-key';
import { describeSettings } from './settings-schema';

const schema = z.strictObject({
  cli: z
    .strictObject({
      model: z.string().nullable().default(null).describe('The model asked.'),
      stream: z.boolean().default(true),
      colour: z.enum(['auto', 'never']).default('auto'),
      stop: z.array(z.string()).default([]),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      port: z.number().int().min(1).max(65535).default(11434),
      remotes: z.record(z.string(), z.strictObject({ url: z.string() })).default({}),
    })
    .prefault({}),
});

let root: string;
const before = { ...process.env };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nanite-settings-'));
  process.env['NANITE_SHARE_DIR'] = join(root, 'share');
  process.env['NANITE_ETC_DIR'] = join(root, 'etc');
  process.env['XDG_CONFIG_HOME'] = join(root, 'home');
});

afterEach(() => {
  process.env = { ...before };
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function refusal(load: () => unknown): NaniteError {
  try {
    load();
  } catch (error) {
    if (error instanceof NaniteError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('loadSettings', () => {
  it('gives the defaults where no file exists', () => {
    const { values, origins } = loadSettings(schema, { user: true });
    expect(values.gateway.port).toBe(11434);
    expect(origins.get('gateway.port')).toEqual({ layer: 'default', file: null, line: null });
  });

  it('lets later layers win, map by map, and says where each value stands', () => {
    put('share/config.d/20-b.yaml', 'cli: { model: b }\n');
    put('share/config.d/10-a.yaml', 'cli: { model: a, colour: never }\n');
    put('etc/config.yaml', '# ours\ncli:\n  model: etc\ngateway:\n  port: 80\n');
    const dropIn = put('etc/config.d/x.yaml', 'gateway:\n  port: 81\n');
    const user = put('home/nanite/config.yaml', 'cli:\n  stream: false\n  model: mine\n');
    const { values, origins } = loadSettings(schema, { user: true });
    expect(values.cli).toEqual({ model: 'mine', stream: false, colour: 'never', stop: [] });
    expect(values.gateway.port).toBe(81);
    expect(origins.get('cli.model')).toEqual({ layer: 'user', file: user, line: 3 });
    expect(origins.get('gateway.port')).toEqual({ layer: 'system', file: dropIn, line: 2 });
    expect(origins.get('cli.colour')?.layer).toBe('package');
    expect(origins.get('cli.stop')?.layer).toBe('default');
  });

  it("leaves the person's file alone when not asked for it", () => {
    put('home/nanite/config.yaml', 'cli: { model: mine }\n');
    expect(loadSettings(schema, { user: false }).values.cli.model).toBeNull();
  });

  it('names file, line and the nearest key for an unknown one', () => {
    const file = put('etc/config.yaml', 'cli:\n  stream: true\n  modle: x\n');
    const error = refusal(() => loadSettings(schema, { user: false }));
    expect(error.code).toBe('bad-settings');
    expect(error.message).toBe(`${file}:3: cli.modle is not a setting; did you mean cli.model?`);
  });

  it('names what is allowed for a bad value, in the file that holds it', () => {
    put('share/config.d/a.yaml', 'cli: { stream: true }\n');
    const file = put('etc/config.d/b.yaml', 'cli:\n  colour: red\ngateway:\n  port: 0\n');
    const error = refusal(() => loadSettings(schema, { user: false }));
    expect(error.message.split('\n')).toEqual([
      `${file}:2: cli.colour: allowed: one of: auto, never`,
      `${file}:4: gateway.port: allowed: whole number from 1 to 65535`,
    ]);
  });

  it('blames the map that lacks a required key', () => {
    const file = put('etc/config.yaml', 'gateway:\n  remotes:\n    far: {}\n');
    expect(refusal(() => loadSettings(schema, { user: false })).message).toBe(
      `${file}:3: gateway.remotes.far.url: allowed: text`,
    );
  });

  it('takes a section with nothing in it as nothing set', () => {
    put('etc/config.yaml', 'cli:\n  # model: x\ngateway:\n  port: 82\n');
    expect(loadSettings(schema, { user: false }).values.gateway.port).toBe(82);
  });

  it('lets null take back what a weaker layer set, where null is allowed', () => {
    put('share/config.d/a.yaml', 'cli: { model: a }\n');
    put('etc/config.yaml', 'cli: { model: null }\n');
    expect(loadSettings(schema, { user: false }).values.cli.model).toBeNull();
  });

  it('says which line is not YAML', () => {
    const file = put('etc/config.yaml', 'cli:\n  model: "x\n');
    expect(refusal(() => loadSettings(schema, { user: false })).message).toMatch(`${file}:`);
    put('etc/config.yaml', 'cli: {}\ncli: {}\n');
    expect(refusal(() => loadSettings(schema, { user: false })).message).toContain(
      'config.yaml:2: not valid YAML',
    );
    put('etc/config.yaml', '- a\n');
    expect(refusal(() => loadSettings(schema, { user: false })).message).toContain('the top must be a map');
  });

  it('refuses __proto__ as a key and leaves prototypes alone', () => {
    put('etc/config.yaml', '__proto__:\n  polluted: true\n');
    expect(refusal(() => loadSettings(schema, { user: false })).code).toBe('bad-settings');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('refuses what cannot be read', () => {
    mkdirSync(join(root, 'etc/config.yaml'), { recursive: true });
    expect(refusal(() => loadSettings(schema, { user: false })).code).toBe('settings-unreadable');
  });

  it.skipIf(process.getuid?.() === 0)('tells how to mend permissions', () => {
    const file = put('etc/config.yaml', 'cli: {}\n');
    chmodSync(file, 0);
    expect(refusal(() => loadSettings(schema, { user: false })).hint).toContain('chmod');
  });

  it("keeps a person to a person's sections", () => {
    put('home/nanite/config.yaml', 'gateway:\n  port: 82\n');
    const error = refusal(() => loadSettings(schema, { user: true, userSections: ['cli'] }));
    expect(error.message).toContain('config.yaml:1: gateway cannot be set by a person');
  });
});

describe('keys', () => {
  it.each([['cli.model'], ['models."phi3.5".slots'], ['a."q\\"x".b-c']])(
    '%s is read and written alike',
    (text) => {
      expect(formatKey(parseKey(text))).toBe(text);
    },
  );
  it.each([[''], ['.'], ['a.'], ['.a'], ['a..b'], ['a b'], ['"a']])('%j is refused', (text) => {
    expect(refusal(() => parseKey(text)).code).toBe('bad-setting-key');
  });
});

describe('describeSettings', () => {
  it('lists every leaf with what it takes', () => {
    const all = describeSettings(schema);
    expect(all.map(({ key }) => key)).toContain('gateway.remotes');
    expect(all.find(({ key }) => key === 'cli.model')).toMatchObject({
      description: 'The model asked.',
      allowed: 'text, or null',
      default: null,
    });
  });
});
