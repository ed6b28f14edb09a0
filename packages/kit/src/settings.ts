import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isScalar, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { NaniteError } from './errors';
import { nearest } from './nearest';
import { codeOf, settingsFiles, systemSettingsFile, unreadable, type SettingLayer } from './settings-files';
import { formatKey, type SettingPath } from './settings-key';
import { allowedText, isSection, schemaAt, schemaTree } from './settings-schema';

export interface SettingOrigin {
  layer: SettingLayer;
  /** Null where the value is the schema's default. */
  file: string | null;
  /** From 1; null with the file. */
  line: number | null;
}

export interface LoadedSettings<T> {
  values: T;
  /** Origin of every leaf value by its key (`cli.model`; see formatKey). A list is one leaf. */
  origins: ReadonlyMap<string, SettingOrigin>;
}

export interface SettingsOptions {
  /** Also read ~/.config/nanite/config.yaml: for programs that run as the person. */
  user: boolean;
  /** The only sections that the person's own file may hold; all when left out. */
  userSections?: readonly string[];
  /**
   * What is about to be written to a file: read in place of it, so that a change is checked before it is made. `changed` is
   * the setting that it is about: a mistake there is told by the value, since the line is not in the file yet.
   */
  pending?: { file: string; text: string; changed?: { path: SettingPath; value: unknown } | undefined };
}

type Tree = Map<string, Entry>;
interface Entry {
  value: Tree | { leaf: unknown };
  origin: SettingOrigin;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(file, error);
  }
}

function readDocument(
  file: string,
  pending: SettingsOptions['pending'],
): { document: Document; lines: LineCounter } | undefined {
  const text = pending?.file === file ? pending.text : readText(file);
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const wrong = document.errors[0];
  if (wrong !== undefined) {
    const { line } = lines.linePos(wrong.pos[0]);
    throw new NaniteError('bad-settings', `${file}:${line}: not valid YAML: ${wrong.message}`, {
      hint: 'correct that line; the format is described in nanite-config(5)',
    });
  }
  return { document, lines };
}

/** The line on which a setting stands; of what holds it where it cannot be told. */
function lineOf(document: Document, lines: LineCounter, path: SettingPath): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === key);
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0];
    node = pair.value;
  }
  return lines.linePos(offset).line;
}

const isPlainMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(
  into: Tree,
  from: Record<string, unknown>,
  path: SettingPath,
  originOf: (path: SettingPath) => SettingOrigin,
  isEmptySection: (path: SettingPath) => boolean,
): void {
  for (const [key, value] of Object.entries(from)) {
    const here = [...path, key];
    const origin = originOf(here);
    // `section:` with every line below it commented out is null in YAML and means: nothing set.
    const given = value === null && isEmptySection(here) ? {} : value;
    if (isPlainMap(given)) {
      const before = into.get(key);
      const tree = before?.value instanceof Map ? before.value : new Map<string, Entry>();
      into.set(key, { value: tree, origin });
      merge(tree, given, here, originOf, isEmptySection);
    } else {
      into.set(key, { value: { leaf: given }, origin });
    }
  }
}

function toPlain(tree: Tree): Record<string, unknown> {
  // Without a prototype a key named __proto__ is a key like any other, and the schema refuses it.
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [key, { value }] of tree) plain[key] = value instanceof Map ? toPlain(value) : value.leaf;
  return plain;
}

function originAt(tree: Tree, path: SettingPath): SettingOrigin | undefined {
  let at: Tree | undefined = tree;
  let origin: SettingOrigin | undefined;
  for (const key of path) {
    const entry: Entry | undefined = at?.get(key);
    if (entry === undefined) return at === undefined ? origin : undefined;
    origin = entry.origin;
    at = entry.value instanceof Map ? entry.value : undefined;
  }
  return origin;
}

/** Where an issue of the schema stands: the value's own origin, or that of the map that lacks it. */
function blame(tree: Tree, path: SettingPath): string {
  for (let length = path.length; length > 0; length--) {
    const origin = originAt(tree, path.slice(0, length));
    if (origin !== undefined) return `${origin.file}:${origin.line}: `;
  }
  return '';
}

function explain(schema: z.ZodType, tree: Tree, issue: z.core.$ZodIssue): string[] {
  const root = schemaTree(schema);
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schemaAt(root, path)?.properties ?? {});
    return issue.keys.map((key) => {
      const [guess] = nearest(key, known);
      const advice =
        guess === undefined
          ? known.length === 0
            ? 'there are no settings here'
            : `known here: ${known.join(', ')}`
          : `did you mean ${formatKey([...path, guess])}?`;
      const full = [...path, key];
      return `${blame(tree, full)}${formatKey(full)} is not a setting; ${advice}`;
    });
  }
  const node = schemaAt(root, path);
  const allowed = node === undefined ? issue.message : `allowed: ${allowedText(node)}`;
  const detail = issue.code === 'custom' ? `${issue.message}; ${allowed}` : allowed;
  return [`${blame(tree, path)}${formatKey(path)}: ${detail}`];
}

/** The error for a value that the schema refuses, naming what is allowed. */
function refused(messages: string[]): NaniteError {
  return new NaniteError('bad-settings', messages.join('\n'), {
    hint: 'every setting is described in nanite-config(5)',
    status: 400,
  });
}

/** The error for a value that is about to be set. */
function refusedValue(
  schema: z.ZodType,
  path: SettingPath,
  value: unknown,
  issue: z.core.$ZodIssue,
): NaniteError {
  const node = schemaAt(schemaTree(schema), path);
  const why = issue.code === 'custom' ? `: ${issue.message}` : '';
  return new NaniteError('bad-settings', `${formatKey(path)} cannot be ${JSON.stringify(value)}${why}`, {
    hint:
      node === undefined ? 'every setting is described in nanite-config(5)' : `allowed: ${allowedText(node)}`,
    status: 400,
  });
}

/**
 * Read the settings: the schema's defaults, then each file of {@link settingsFiles}, merged map by map; a list replaces
 * the list before it. A file that does not exist is fine.
 *
 * @throws NaniteError `settings-unreadable`, or `bad-settings` with one line for each mistake: file, line, key, and what
 * is allowed or which key was probably meant
 */
export function loadSettings<S extends z.ZodType>(
  schema: S,
  options: SettingsOptions,
): LoadedSettings<z.infer<S>> {
  const tree: Tree = new Map();
  const misplaced: string[] = [];
  const isEmptySection = (path: SettingPath): boolean => isSection(schemaAt(schemaTree(schema), path));

  for (const { layer, file } of settingsFiles(options)) {
    const read = readDocument(file, options.pending);
    const content: unknown = read?.document.toJS() ?? null;
    if (read === undefined || content === null) continue;
    if (!isPlainMap(content)) throw refused([`${file}:1: the top must be a map of sections`]);
    const originOf = (path: SettingPath): SettingOrigin => ({
      layer,
      file,
      line: lineOf(read.document, read.lines, path),
    });
    if (layer === 'user' && options.userSections !== undefined) {
      for (const section of Object.keys(content).filter((key) => !options.userSections?.includes(key))) {
        misplaced.push(
          `${file}:${originOf([section]).line}: ${formatKey([section])} cannot be set by a person, only ` +
            `${options.userSections.join(', ')}; the administrator sets the rest in ${systemSettingsFile()}`,
        );
      }
    }
    merge(tree, content, [], originOf, isEmptySection);
  }

  const result = schema.safeParse(toPlain(tree));
  const changed = options.pending?.changed;
  if (changed !== undefined && !result.success) {
    const { path, value } = changed;
    const isAbout = (issue: z.core.$ZodIssue): boolean =>
      path.every((key, i) => String(issue.path[i]) === key);
    const issue = result.error.issues.find(isAbout);
    if (issue !== undefined) throw refusedValue(schema, path, value, issue);
  }
  const mistakes = result.success ? [] : result.error.issues.flatMap((issue) => explain(schema, tree, issue));
  if (misplaced.length > 0 || !result.success) throw refused([...misplaced, ...mistakes]);

  const origins = new Map<string, SettingOrigin>();
  const visit = (value: unknown, path: string[]): void => {
    if (isPlainMap(value) && Object.keys(value).length > 0) {
      for (const [key, child] of Object.entries(value)) visit(child, [...path, key]);
    } else if (path.length > 0) {
      origins.set(formatKey(path), originAt(tree, path) ?? { layer: 'default', file: null, line: null });
    }
  };
  visit(result.data, []);
  return { values: result.data, origins };
}
