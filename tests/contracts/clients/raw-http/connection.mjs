// HTTP by hand: what is written, and in which pieces, is up to the caller.
import { connect } from 'node:net';
import { url } from './reporting/features.mjs';

const { hostname, port } = new URL(url);

/** A connection whose answers are read one by one. */
export class Connection {
  #socket = connect({ host: hostname, port: Number(port) });
  #read = Buffer.alloc(0);
  #waiting = [];
  ended = false;

  constructor() {
    this.#socket.on('data', (data) => {
      this.#read = Buffer.concat([this.#read, data]);
      this.#wake();
    });
    const end = () => {
      this.ended = true;
      this.#wake();
    };
    this.#socket.on('end', end).on('close', end).on('error', end);
  }

  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Write text or bytes, and let them leave as a piece of their own. */
  async write(data) {
    if (this.#socket.destroyed) return;
    await new Promise((written) => this.#socket.write(data, written));
  }

  halfClose() {
    this.#socket.end();
  }

  destroy() {
    this.#socket.destroy();
  }

  /** Wait for the end that the other side makes. */
  async end() {
    while (!this.ended) await new Promise((wake) => this.#waiting.push(wake));
  }

  async #until(found) {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (this.ended)
        throw new Error(`the connection ended after ${JSON.stringify(this.#read.toString().slice(0, 300))}`);
      await new Promise((wake) => this.#waiting.push(wake));
    }
  }

  #take(length) {
    const taken = this.#read.subarray(0, length);
    this.#read = this.#read.subarray(length);
    return taken;
  }

  async #line() {
    const length = await this.#until(() => {
      const at = this.#read.indexOf('\r\n');
      return at === -1 ? undefined : at;
    });
    const line = this.#take(length).toString();
    this.#take(2);
    return line;
  }

  /** The next answer: `{ status, headers, body, version }`. */
  async answer() {
    const [version, status] = (await this.#line()).split(' ');
    const headers = {};
    for (let line = await this.#line(); line !== ''; line = await this.#line()) {
      const at = line.indexOf(':');
      headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
    }
    const answer = { version, status: Number(status), headers, body: '' };
    if (answer.status < 200 || answer.status === 204) return answer;
    if (headers['transfer-encoding'] === 'chunked') {
      for (;;) {
        const size = Number.parseInt(await this.#line(), 16);
        await this.#until(() => (this.#read.length >= size + 2 ? true : undefined));
        answer.body += this.#take(size).toString();
        this.#take(2);
        if (size === 0) return answer;
      }
    }
    if (headers['content-length'] !== undefined) {
      const size = Number(headers['content-length']);
      await this.#until(() => (this.#read.length >= size ? true : undefined));
      answer.body = this.#take(size).toString();
      return answer;
    }
    await this.end();
    answer.body = this.#take(this.#read.length).toString();
    return answer;
  }
}

const host = `Host: localhost:${port}\r\n`;

/** A request as bytes. */
export const request = (
  path,
  body,
  { method = 'POST', headers = '', version = '1.1', withHost = true } = {},
) =>
  `${method} ${path} HTTP/${version}\r\n${withHost ? host : ''}Content-Type: application/json\r\n${headers}` +
  (body === undefined ? '\r\n' : `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

/** One request over a connection of its own. */
export async function ask(path, body, options) {
  const connection = new Connection();
  await connection.write(request(path, body, options));
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}
