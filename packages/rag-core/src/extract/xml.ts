import { Parser } from 'htmlparser2';
import { damaged } from './cannot-extract';

export interface XmlHandler {
  open?(name: string, attributes: Record<string, string>): void;
  text?(data: string): void;
  close?(name: string): void;
}

/**
 * Go through XML from start to end. Names have their prefix, as office programs write them all alike.
 *
 * Entities that a document defines itself stay as they are written: nothing expands, and nothing is fetched.
 * @throws CannotExtract `damaged` where it is not XML at all
 */
export function walkXml(bytes: Buffer, what: string, handler: XmlHandler): void {
  const text = decodeXml(bytes);
  if (!/^\s*</.test(text.slice(0, 200))) throw damaged(what);
  const parser = new Parser(
    {
      onopentag: (name, attributes) => handler.open?.(name, attributes),
      ontext: (data) => handler.text?.(data),
      onclosetag: (name) => handler.close?.(name),
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(text);
}

/** XML says its encoding by a mark, and is UTF-8 where it has none: what office programs write is nothing else. */
function decodeXml(bytes: Buffer): string {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new TextDecoder(wide ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(bytes);
}

/** Elements by name, with their attributes: enough for the lists that archives keep of their parts. */
export function elements(bytes: Buffer | null, name: string): Record<string, string>[] {
  const found: Record<string, string>[] = [];
  if (bytes)
    walkXml(bytes, 'the archive', {
      open: (opened, attributes) => opened === name && found.push(attributes),
    });
  return found;
}

/** Text of the first element of this name that has any; null where there is none. */
export function elementText(bytes: Buffer | null, name: string): string | null {
  let text = '';
  let depth = 0;
  let done = false;
  if (bytes) {
    walkXml(bytes, 'the archive', {
      open: (opened) => {
        if (!done && opened === name) depth++;
      },
      text: (data) => {
        if (depth > 0 && !done) text += data;
      },
      close: (closed) => {
        if (closed === name && depth > 0 && --depth === 0 && text.trim() !== '') done = true;
      },
    });
  }
  return text.replaceAll(/\s+/g, ' ').trim() || null;
}
