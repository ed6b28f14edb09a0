import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { SerialConsole, withoutEscapes } from './serial-console';

function line(): { serial: SerialConsole; guest: PassThrough; typed: () => string } {
  const guest = new PassThrough();
  const input = new PassThrough();
  let typed = '';
  input.on('data', (chunk: Buffer) => (typed += chunk.toString()));
  return { serial: new SerialConsole(guest, input), guest, typed: () => typed };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('what a terminal shows', () => {
  it.each([
    ['\x1b[0;1;32mOK\x1b[0m\r\n', 'OK\n'],
    ['\x1b[?2004hnanite@nanite:~$ ', 'nanite@nanite:~$ '],
    ['\x1b]0;a title\x07$ ', '$ '],
    ['\x1b]3008;start=1\x1b\\login: ', 'login: '],
    ['\x1b[2J\x1b[01;01Hmenu', 'menu'],
    ['plain [1] text\n', 'plain [1] text\n'],
  ])('of %j', (raw, text) => expect(withoutEscapes(raw)).toBe(text));
});

describe('the serial line', () => {
  it('finds what came before, and what comes later in pieces', async () => {
    const { serial, guest } = line();
    guest.write('Debian\r\nlog');
    await turn();
    await serial.waitForText('Debian', 1000);
    const login = serial.waitForText(/(\w+): $/, 1000);
    guest.write('in: ');
    expect((await login)[1]).toBe('login');
  });

  it('does not find the same text twice', async () => {
    const { serial, guest } = line();
    guest.write('$ ');
    await serial.waitForText('$ ', 1000);
    await expect(serial.waitForText('$ ', 20)).rejects.toMatchObject({ code: 'serial-timeout' });
    const again = serial.waitForText('$ ', 1000);
    guest.write('ls\r\n$ ');
    await again;
  });

  it('takes a string as it is, not as a pattern', async () => {
    const { serial, guest } = line();
    guest.write('a.b axb');
    expect((await serial.waitForText('x', 1000)).index).toBe(5);
    await expect(serial.waitForText('.b', 20)).rejects.toMatchObject({ code: 'serial-timeout' });
  });

  it('tells the last lines to who waited in vain, and that the machine has ended', async () => {
    const { serial, guest } = line();
    guest.write('Kernel panic\r\n');
    const waiting = serial.waitForText('never', 5000);
    await turn();
    guest.destroy();
    await expect(waiting).rejects.toMatchObject({
      code: 'machine-ended',
      options: { hint: expect.stringContaining('Kernel panic') as unknown },
    });
    await expect(serial.waitForText('never', 5000)).rejects.toMatchObject({ code: 'machine-ended' });
  });

  it('joins characters that came in two halves', async () => {
    const { serial, guest } = line();
    const bytes = Buffer.from('größe');
    guest.write(bytes.subarray(0, 3));
    await turn();
    guest.write(bytes.subarray(3));
    await serial.waitForText('größe', 1000);
  });

  it('takes the output of a command, not the echo of what was typed', async () => {
    const { serial, guest, typed } = line();
    const result = serial.run('uname; false', 1000);
    await turn();
    expect(typed()).toMatch(/\r$/);
    guest.write(typed().replace(/\r$/, '\r\n'));
    const mark = /END-''(\w+)'/.exec(typed())?.[1] ?? '';
    guest.write(`BEGIN-${mark}\r\nLinux\r\nEND-${mark} 1\r\n$ `);
    expect(await result).toEqual({ code: 1, output: 'Linux\n' });
  });
});
