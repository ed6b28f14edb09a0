import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPacket, type Packet } from './packets';

/** Nobody listens there (RFC 863): a datagram of ours to it shows that the capture sees what is sent. */
const discardPort = 9;

/** More are not needed to say that something left. */
const mostPackets = 2000;

/**
 * What this machine sends while it runs, on all interfaces: Debian's tcpdump. Of the loopback interface, the first of each
 * network namespace, only our own probe is seen.
 */
export class Capture {
  readonly #packets: Packet[] = [];
  readonly #probe: Socket;
  readonly #child: ChildProcess;
  #port = 0;
  #probes = 0;
  #ended: string | null = null;

  private constructor(child: ChildProcess, probe: Socket) {
    this.#child = child;
    this.#probe = probe;
  }

  /**
   * @returns the capture once it sees what is sent, or why there is none, in words
   * @throws what the signal was aborted with
   */
  static async start(signal: AbortSignal): Promise<Capture | string> {
    // What is sent over loopback is shown as received only.
    const filter = `(outbound and not ifindex 1) or (ifindex 1 and udp and dst port ${discardPort})`;
    const child = spawn(
      'tcpdump',
      ['-i', 'any', '-y', 'LINUX_SLL2', '-p', '-n', '-tt', '-l', '--immediate-mode', '-s', '512', filter],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } },
    );
    const capture = new Capture(child, createSocket('udp4'));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      capture.#ended = error.code === 'ENOENT' ? 'tcpdump is not installed' : error.message;
    });
    child.on('exit', () => {
      const reason = said.split('\n').find((line) => line.startsWith('tcpdump: '));
      capture.#ended ??= reason ?? 'tcpdump ended by itself';
    });
    createInterface({ input: child.stdout }).on('line', (line) => capture.#take(line));
    try {
      while (capture.#ended === null && !said.includes('listening on'))
        await sleep(50, undefined, { signal });
      if (capture.#ended !== null) return capture.#give(capture.#ended);
      await new Promise<void>((done) => capture.#probe.bind(0, '127.0.0.1', done));
      capture.#port = capture.#probe.address().port;
      await capture.#seen(signal);
      return capture.#ended === null ? capture : capture.#give(capture.#ended);
    } catch (error) {
      capture.cancel();
      throw error;
    }
  }

  #give(reason: string): string {
    this.cancel();
    return reason;
  }

  #take(line: string): void {
    const packet = readPacket(line);
    if (packet === null) return;
    if (packet.text.startsWith(`IP 127.0.0.1.${this.#port} > 127.0.0.1.${discardPort}:`)) this.#probes += 1;
    // Somebody else's to the same port of loopback.
    else if (packet.device !== 'lo' && this.#packets.length < mostPackets) this.#packets.push(packet);
  }

  /** Send a probe, and wait until the capture shows it: all that was sent before has been shown then. */
  async #seen(signal: AbortSignal): Promise<void> {
    const before = this.#probes;
    this.#probe.send('nanite-selfcheck', discardPort, '127.0.0.1');
    while (this.#probes === before && this.#ended === null) await sleep(20, undefined, { signal });
  }

  /**
   * End it. @returns what was sent since the start, or why that is not known, in words
   * @throws what the signal was aborted with, such as where the last probe is not seen
   */
  async stop(signal: AbortSignal): Promise<Packet[] | string> {
    try {
      await this.#seen(signal);
      return this.#ended ?? this.#packets;
    } finally {
      const runs = this.#child.exitCode === null && this.#child.signalCode === null;
      const exited = runs ? once(this.#child, 'exit') : null;
      this.cancel();
      await exited;
    }
  }

  cancel(): void {
    this.#child.kill('SIGTERM');
    this.#probe.close();
  }
}
