/** Where things lie. Each can be moved by an environment variable, for tests and for a run without systemd. */

const from = (variable: string, fallback: string): string => process.env[variable] ?? fallback;

/** Sockets and run-time state of the system side. */
export const runtimeDir = (): string => from('NANITE_RUNTIME_DIR', '/run/nanite');

/** What packages ship: defaults, models, command descriptions. */
export const shareDir = (): string => from('NANITE_SHARE_DIR', '/usr/share/nanite');

/** The administrator's settings. */
export const etcDir = (): string => from('NANITE_ETC_DIR', '/etc/nanite');

/** What services remember. */
export const stateDir = (): string => from('NANITE_STATE_DIR', '/var/lib/nanite');

/** Programs and bundles of our packages. */
export const libDir = (): string => from('NANITE_LIB_DIR', '/usr/lib/nanite');

/** A person's own settings. */
export const userConfigDir = (): string =>
  `${process.env['XDG_CONFIG_HOME'] ?? `${process.env['HOME'] ?? '/'}/.config`}/nanite`;

/** A person's own state: histories. */
export const userStateDir = (): string =>
  `${process.env['XDG_STATE_HOME'] ?? `${process.env['HOME'] ?? '/'}/.local/state`}/nanite`;

export const socketPath = (thing: string): string => `${runtimeDir()}/${thing}.sock`;
