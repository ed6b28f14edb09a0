import { styleText } from 'node:util';
import wrapAnsi from 'wrap-ansi';
import type { CheckResult, CheckStatus, SelfCheckReport } from './report';

const marks: Record<CheckStatus, [word: string, colour: 'green' | 'red' | 'yellow' | 'dim']> = {
  pass: ['ok', 'green'],
  fail: ['FAIL', 'red'],
  warn: ['note', 'yellow'],
  skip: ['skip', 'dim'],
};

export interface Look {
  colour: boolean;
  /** Columns. */
  width: number;
}

const indent = ' '.repeat(6);
// Control characters of a name or an answer must not reach a terminal.
const clean = (text: string): string => text.replace(/[^\P{Cc}\n]/gu, ' ');

/** A result as people read it: what, what was seen, and what to do. */
export function resultText({ title, status, detail, hint }: CheckResult, { colour, width }: Look): string {
  const style = (name: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(name, text) : text;
  const [word, name] = marks[status];
  const body = (text: string) =>
    wrapAnsi(clean(text), Math.max(width - indent.length, 20), { hard: true, trim: true })
      .split('\n')
      .map((line) => `${indent}${line}`)
      .join('\n');
  const lines = [`${style(name, word.padEnd(4))}  ${style('bold', title)}`, style('dim', body(detail))];
  if (hint !== null) lines.push(body(`→ ${hint}`));
  return `${lines.join('\n')}\n`;
}

/** The last line. */
export function summaryText({ checks, seconds, passed }: SelfCheckReport): string {
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  const parts = [
    `${count('pass')} of ${checks.length} passed`,
    ...(count('fail') > 0 ? [`${count('fail')} FAILED`] : []),
    ...(count('warn') > 0 ? [`${count('warn')} with a note`] : []),
    ...(count('skip') > 0 ? [`${count('skip')} skipped`] : []),
  ];
  return `\n${passed ? 'Nothing failed' : 'Something failed'}: ${parts.join(', ')}, after ${Math.round(seconds)} s.\n`;
}
