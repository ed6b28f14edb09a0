import { styleText } from 'node:util';

let never = false;

/** Setting `cli.colour: never`. */
export function neverPaint(): void {
  never = true;
}

/** Whether a stream shows colours: a terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb says no. */
export function isColourful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !never && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

/** Whether a stream can show a line that changes. */
export function isLively(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !never && process.env['TERM'] !== 'dumb';
}

type Style = Parameters<typeof styleText>[0];

/** Styles for text that goes to `stream`; they change nothing where colour is not wanted. */
export function paint(stream: NodeJS.WriteStream) {
  const on = isColourful(stream);
  const style = (name: Style) => (text: string) => (on ? styleText(name, text) : text);
  return {
    bold: style('bold'),
    dim: style('dim'),
    red: style('red'),
    green: style('green'),
    yellow: style('yellow'),
    cyan: style('cyan'),
  };
}
