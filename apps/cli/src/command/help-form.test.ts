import { expect, it } from 'vitest';
import { createProgram, walk } from './program';

const program = createProgram('0', () => {});

/** The help of every command, as a terminal of that width shows it. */
const helpAt = (width: number): string[] =>
  [...walk(program)].map((command) => {
    const text: string[] = [];
    command.configureOutput({ getOutHelpWidth: () => width, writeOut: (part) => void text.push(part) });
    command.outputHelp();
    return text.join('');
  });

/** Lines of examples are to be copied: they stay as they are. So do words that are longer than the line. */
const tooLong = (text: string, width: number): string[] =>
  text
    .split('\nExamples:')[0]!
    .split('\n')
    .filter((line) => line.length > width && !line.startsWith('Usage:') && /\S\s+\S/.test(line.trim()));

it.each([40, 60, 80])('fits into %d columns', (width) => {
  for (const text of helpAt(width)) expect(tooLong(text, width)).toEqual([]);
});

it('puts descriptions below what they describe where there is no room beside it', () => {
  expect(helpAt(40)[0]).toContain('  chat [file]\n      talk with a model\n');
  expect(helpAt(80)[0]).toMatch(/ {2}chat \[file\] +talk with a model\n/);
});
