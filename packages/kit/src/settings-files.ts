import { readdirSync } from 'node:fs';
import { NaniteError } from './errors';
import { etcDir, shareDir, userConfigDir } from './paths';

/** Who set a value: the schema, a package, the administrator, the person. */
export type SettingLayer = 'default' | 'package' | 'system' | 'user';

export interface SettingsFile {
  layer: Exclude<SettingLayer, 'default'>;
  file: string;
}

/** errno's name of a failed call of the file system. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;

export function unreadable(file: string, error: unknown): NaniteError {
  return new NaniteError('settings-unreadable', `cannot read ${file}`, {
    hint:
      codeOf(error) === 'EACCES'
        ? `make it readable: chmod a+r ${file}`
        : 'it must be a plain, readable file; see nanite-config(5)',
    cause: error,
  });
}

function dropIns(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml') && !name.startsWith('.'))
      .sort()
      .map((name) => `${folder}/${name}`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw unreadable(folder, error);
  }
}

/** The person's own settings. */
export const userSettingsFile = (): string => `${userConfigDir()}/config.yaml`;

/** The administrator's settings; drop-ins in config.d beside it come after. */
export const systemSettingsFile = (): string => `${etcDir()}/config.yaml`;

/** The files that are read, the weakest first. Not all need to exist. */
export function settingsFiles(options: { user: boolean }): SettingsFile[] {
  return [
    ...dropIns(`${shareDir()}/config.d`).map((file) => ({ layer: 'package' as const, file })),
    { layer: 'system', file: systemSettingsFile() },
    ...dropIns(`${etcDir()}/config.d`).map((file) => ({ layer: 'system' as const, file })),
    ...(options.user ? [{ layer: 'user' as const, file: userSettingsFile() }] : []),
  ];
}
