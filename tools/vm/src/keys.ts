import { NaniteError } from '@nanite/kit';

/** A key combination: the names of QEMU's QKeyCode, pressed in this order and released in the other. */
export type Chord = string[];

const plain: Record<string, string> = {
  ' ': 'spc',
  '\n': 'ret',
  '\t': 'tab',
  '-': 'minus',
  '=': 'equal',
  '[': 'bracket_left',
  ']': 'bracket_right',
  '\\': 'backslash',
  ';': 'semicolon',
  "'": 'apostrophe',
  '`': 'grave_accent',
  ',': 'comma',
  '.': 'dot',
  '/': 'slash',
};

/** What shift makes of a key of the US keyboard, by the character without it. */
const shifted: Record<string, string> = Object.fromEntries(
  [...'~!@#$%^&*()_+{}|:"<>?'].map((upper, at) => [upper, "`1234567890-=[]\\;',./".charAt(at)]),
);

/**
 * The keys that write a character on a US keyboard, which is what firmware, boot menus and a live system start with.
 *
 * @throws NaniteError `no-key` for what that keyboard does not have
 */
export function chordOf(character: string): Chord {
  if (/^[a-z0-9]$/.test(character)) return [character];
  if (/^[A-Z]$/.test(character)) return ['shift', character.toLowerCase()];
  const key = plain[character];
  if (key !== undefined) return [key];
  const below = shifted[character];
  if (below !== undefined) return ['shift', ...chordOf(below)];
  throw new NaniteError('no-key', `no key of a US keyboard writes ${JSON.stringify(character)}`);
}

interface InputEvent {
  type: 'key' | 'abs' | 'btn';
  data: Record<string, unknown>;
}

const key = (code: string, down: boolean): InputEvent => ({
  type: 'key',
  data: { down, key: { type: 'qcode', data: code } },
});

/** Events of QMP's input-send-event that press a chord. */
export const press = (chord: Chord): InputEvent[] => chord.map((code) => key(code, true));

/** Events of QMP's input-send-event that release it. */
export const release = (chord: Chord): InputEvent[] => [...chord].reverse().map((code) => key(code, false));

/** The tablet's axes go from 0 to this, whatever the size of the screen. */
const axis = 0x7fff;

/** Events that put the pointer at a pixel of a screen of that size. */
export function pointAt(x: number, y: number, width: number, height: number): InputEvent[] {
  const on = (at: number, size: number): number => Math.round((at / Math.max(1, size - 1)) * axis);
  return [
    { type: 'abs', data: { axis: 'x', value: on(x, width) } },
    { type: 'abs', data: { axis: 'y', value: on(y, height) } },
  ];
}

export type Button = 'left' | 'middle' | 'right';

export const button = (name: Button, down: boolean): InputEvent[] => [
  { type: 'btn', data: { down, button: name } },
];
