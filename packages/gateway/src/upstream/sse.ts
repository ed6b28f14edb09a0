import { StringDecoder } from 'node:string_decoder';

/**
 * Data of the events in a stream of server-sent events, as the pieces come in. Comments and event names are left out,
 * and so is OpenAI's closing `[DONE]`.
 */
export class SseReader {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(chunk: Buffer): string[] {
    const text = this.#rest + this.#decoder.write(chunk);
    const end = text.lastIndexOf('\n');
    if (end < 0) {
      this.#rest = text;
      return [];
    }
    this.#rest = text.slice(end + 1);
    const found: string[] = [];
    for (const line of text.slice(0, end).split('\n')) {
      if (!line.startsWith('data:')) continue;
      const data = line.slice(5).trim();
      if (data !== '[DONE]') found.push(data);
    }
    return found;
  }
}
