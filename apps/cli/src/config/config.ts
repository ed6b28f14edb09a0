import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { Settings, userSections } from '@nanite/contracts';
import {
  NaniteError,
  allowedText,
  describeSettings,
  formatKey,
  loadSettings,
  nearest,
  parseKey,
  schemaAt,
  schemaTree,
  systemSettingsFile,
  userSettingsFile,
  writeAtomically,
  type SettingOrigin,
  type SettingPath,
} from '@nanite/kit';
import { isMap, isScalar, parse, parseDocument, stringify, type Document } from 'yaml';
import { report } from '../report';
import { paint } from '../terminal/paint';
import { table } from '../terminal/table';

const load = () => loadSettings(Settings, { user: true, userSections });

function told(action: () => void, json = false): Promise<number> {
  try {
    action();
    return Promise.resolve(0);
  } catch (error) {
    return Promise.resolve(report(error, json));
  }
}

/**
 * The place of a setting or section.
 *
 * @throws NaniteError `usage`, with the names that were probably meant
 */
function existing(key: string): string[] {
  const path = parseKey(key);
  if (schemaAt(schemaTree(Settings), path) !== undefined) return path;
  const known = describeSettings(Settings).map((setting) => setting.key);
  const last = path.at(-1);
  const guesses = nearest(key, known);
  const sameName = known.filter((name) => name.split('.').at(-1) === last);
  const meant = [...new Set([...sameName, ...guesses])];
  throw new NaniteError('usage', `${key} is not a setting`, {
    hint: meant.length > 0 ? `did you mean ${meant.join(' or ')}?` : 'nanite config list shows all of them',
  });
}

function valueAt(values: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    values,
  );
}

const isWithin = (key: string, path: SettingPath): boolean => {
  const at = parseKey(key);
  return path.every((part, i) => at[i] === part);
};

function originText({ layer, file, line }: SettingOrigin): string {
  return layer === 'default' ? 'default' : `${file}:${line}`;
}

const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trimEnd();

/** `nanite config list` */
export const listSettings = (key: string | undefined, json: boolean): Promise<number> =>
  told(() => {
    const { values, origins } = load();
    const path = key === undefined ? [] : existing(key);
    const shown = [...origins].filter(([name]) => isWithin(name, path));
    if (json) {
      const rows = shown.map(([name, origin]) => ({
        key: name,
        value: valueAt(values, parseKey(name)),
        origin: origin.layer,
        file: origin.file,
        line: origin.line,
      }));
      process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      return;
    }
    const { dim, bold } = paint(process.stdout);
    const rows = shown.map(([name, origin]) => {
      const text = originText(origin);
      const value = inline(valueAt(values, parseKey(name)));
      return origin.layer === 'default' ? [name, value, dim(text)] : [bold(name), value, text];
    });
    process.stdout.write(table(rows));
  }, json);

/** `nanite config get` */
export const getSetting = (key: string, json: boolean): Promise<number> =>
  told(() => {
    const path = existing(key);
    const value = valueAt(load().values, path);
    if (json) process.stdout.write(`${JSON.stringify(value ?? null, null, 2)}\n`);
    else if (typeof value === 'object' && value !== null) process.stdout.write(stringify(value));
    else process.stdout.write(`${String(value ?? null)}\n`);
  }, json);

/** `nanite config describe` */
export const describeSetting = (key: string): Promise<number> =>
  told(() => {
    const path = existing(key);
    const { values, origins } = load();
    const { bold } = paint(process.stdout);
    const within = describeSettings(Settings).filter((setting) => isWithin(setting.key, path));
    // A place inside a map whose keys the person chooses has no description of its own, only a value.
    const node = schemaAt(schemaTree(Settings), path);
    const shown =
      within.length > 0
        ? within
        : [
            {
              path,
              key: formatKey(path),
              description: node?.description ?? '',
              allowed: allowedText(node ?? {}),
              default: node?.default,
            },
          ];
    const blocks = shown.map((setting) => {
      const origin = origins.get(setting.key);
      const rows = [
        ['  takes', setting.allowed],
        ['  default', inline(setting.default ?? null)],
        ['  value', inline(valueAt(values, setting.path) ?? null)],
        ...(origin === undefined ? [] : [['  set in', originText(origin)]]),
      ];
      return `${bold(setting.key)}\n${setting.description === '' ? '' : `  ${setting.description}\n`}${table(rows)}`;
    });
    process.stdout.write(blocks.join('\n'));
  });

/** A value as typed: text where the setting takes only text, else YAML. */
export function valueFrom(text: string, path: SettingPath): unknown {
  const node = schemaAt(schemaTree(Settings), path);
  const types = node?.anyOf?.flatMap(({ type }) => type) ?? [node?.type].flat();
  if (types.length === 1 && types[0] === 'string') return text;
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new NaniteError('usage', `${JSON.stringify(text)} is not valid YAML`, { cause });
  }
  // `nanite config set cli.model 123`: a name may look like a number.
  const takesText = types.includes('string') && !types.includes('number') && !types.includes('integer');
  return takesText && value !== null && typeof value !== 'string' && !types.includes(typeof value)
    ? text
    : value;
}

interface Target {
  file: string;
  document: Document;
}

function targetOf(path: SettingPath, system: boolean): Target {
  const section = path[0] ?? '';
  if (!system && !(userSections as readonly string[]).includes(section)) {
    throw new NaniteError('usage', `${formatKey(path)} is a setting of the machine, not yours`, {
      hint: `sudo nanite config set --system ${formatKey(path)} …`,
    });
  }
  const named = system ? systemSettingsFile() : userSettingsFile();
  // A link to a file kept elsewhere (dotfiles) stays a link.
  const file = existsSync(named) ? realpathSync(named) : named;
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new NaniteError('settings-unreadable', `cannot read ${file}`, { cause });
    }
  }
  const document = parseDocument(text);
  if (document.errors[0] !== undefined) {
    throw new NaniteError('bad-settings', `${file} is not valid YAML: ${document.errors[0].message}`, {
      hint: 'correct it in an editor first',
    });
  }
  return { file, document };
}

function save(
  { file, document }: Target,
  system: boolean,
  changed?: { path: SettingPath; value: unknown },
): void {
  const named = system ? systemSettingsFile() : userSettingsFile();
  const text =
    isMap(document.contents) && document.contents.items.length === 0
      ? emptied(document)
      : document.toString();
  loadSettings(Settings, { user: !system, userSections, pending: { file: named, text, changed } });
  try {
    mkdirSync(dirname(file), { recursive: true, mode: system ? 0o755 : 0o700 });
    writeAtomically(file, text, system ? 0o644 : 0o600);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const denied = code === 'EACCES' || code === 'EPERM';
    throw new NaniteError('settings-not-written', `cannot write ${file}`, {
      ...(denied && system && { hint: 'settings of the machine need root: sudo nanite config … --system …' }),
      cause,
    });
  }
}

/** A file without settings keeps its comments and says nothing else. */
function emptied(document: Document): string {
  return [
    document.commentBefore,
    document.contents?.commentBefore,
    document.contents?.comment,
    document.comment,
  ]
    .filter((comment) => comment !== null && comment !== undefined)
    .map((comment) => `${comment.replace(/^/gm, '#')}\n`)
    .join('');
}

/** A comment right above the first section belongs to the file as much as to the section that goes. */
function keepHeading(document: Document, section: string | undefined): void {
  const first = isMap(document.contents) ? document.contents.items[0] : undefined;
  if (!isScalar(first?.key) || first.key.value !== section || !first.key.commentBefore) return;
  document.commentBefore = [document.commentBefore, first.key.commentBefore].filter(Boolean).join('\n');
}

/**
 * A model may be set before it is installed, but a name that is mistyped should not wait for the next question to be
 * noticed. Where the service does not answer, nothing is known of models.
 */
async function noteMissingModel(name: string): Promise<void> {
  const { gateway } = await import('../gateway-address');
  const tags = await gateway()
    .tags(AbortSignal.timeout(2000))
    .catch(() => null);
  if (
    tags === null ||
    tags.models.some((model) => model.name === name || model.name.split(':')[0] === name)
  ) {
    return;
  }
  const { missingModel } = await import('../models/missing-model');
  const { message, hint } = await missingModel(
    name,
    tags.models.map((model) => model.name),
  );
  process.stderr.write(`nanite: ${message}\n  ${hint.replaceAll('\n', '\n  ')}\n`);
}

/** `nanite config set` */
export async function setSetting(key: string, text: string, system: boolean): Promise<number> {
  const status = await writeSetting(key, text, system);
  if (status === 0 && key === 'cli.model' && text !== 'null') await noteMissingModel(text);
  return status;
}

const writeSetting = (key: string, text: string, system: boolean): Promise<number> =>
  told(() => {
    const path = existing(key);
    const target = targetOf(path, system);
    const { document } = target;
    const value = valueFrom(text, path);
    // `cli:` with nothing below it is null, in which nothing can be put.
    for (let length = 1; length < path.length; length++) {
      const above = path.slice(0, length);
      if (document.hasIn(above) && document.getIn(above) === null)
        document.setIn(above, document.createNode({}));
    }
    if (document.contents === null)
      document.contents = document.createNode({}) as unknown as typeof document.contents;
    document.setIn(path, typeof value === 'object' && value !== null ? document.createNode(value) : value);
    save(target, system, { path, value });
  });

/** `nanite config unset` */
export const unsetSetting = (key: string, system: boolean): Promise<number> =>
  told(() => {
    const path = parseKey(key);
    const target = targetOf(path, system);
    const { document } = target;
    if (!document.hasIn(path)) {
      existing(key);
      throw new NaniteError('not-set', `${key} is not set in ${target.file}`, {
        hint: `nanite config describe ${key} says where its value comes from`,
      });
    }
    document.deleteIn(path);
    for (let length = path.length - 1; length > 0; length--) {
      const above = path.slice(0, length);
      const node = document.getIn(above, true);
      if (!isMap(node) || node.items.length > 0 || node.commentBefore || node.comment) break;
      if (length === 1) keepHeading(document, above[0]);
      document.deleteIn(above);
    }
    save(target, system);
  });
