/**
 * Log lines for journald: standard error, with the `<N>` level prefix of sd-daemon(3) when the journal reads it, and
 * `key=value` fields after the message.
 */
const levels = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type LogLevel = keyof typeof levels;

export type Log = Record<LogLevel, (message: string, fields?: Record<string, unknown>) => void>;

export function createLog(write: (line: string) => void = (line) => void process.stderr.write(line)): Log {
  const threshold = levels[(process.env['NANITE_LOG'] as LogLevel | undefined) ?? 'info'] ?? levels.info;
  const journal = process.env['JOURNAL_STREAM'] !== undefined;
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (levels[level] > threshold) return;
      const tail = Object.entries(fields).map(
        ([key, value]) => ` ${key}=${JSON.stringify(value) ?? 'undefined'}`,
      );
      const text = `${message}${tail.join('')}`.replaceAll('\n', '\\n');
      write(`${journal ? `<${levels[level]}>` : `${level}: `}${text}\n`);
    };
  return {
    error: at('error'),
    warning: at('warning'),
    notice: at('notice'),
    info: at('info'),
    debug: at('debug'),
  };
}
