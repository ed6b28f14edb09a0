import type { ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { needCapability } from './capability';

type Part = Record<string, unknown>;

/** What a model must be able to do for a part of a message, by the part's type in OpenAI's and in Anthropic's API. */
const kinds: Record<string, { capability: 'vision' | 'audio'; what: string }> = {
  image_url: { capability: 'vision', what: 'images' },
  image: { capability: 'vision', what: 'images' },
  input_audio: { capability: 'audio', what: 'audio' },
};

/** Parts that llama-server would take and no model here is made for. */
const unsupported = new Set(['input_video', 'video_url']);

/** All parts of all messages, those inside results of tools too. */
function* partsOf(content: unknown): Generator<Part> {
  if (!Array.isArray(content)) return;
  for (const part of content as Array<Part | null>) {
    if (typeof part !== 'object' || part === null) continue;
    yield part;
    yield* partsOf(part['content']);
  }
}

/** The texts that may say where an image or a recording is: `url`, `data`, or the field itself. */
const placesOf = ({ image_url: image, input_audio: audio, source }: Part): unknown[] =>
  [image, audio, source].flatMap((field) =>
    typeof field === 'object' && field !== null ? Object.values(field) : [field],
  );

/** An address other than one that holds the bytes itself. */
const isElsewhere = (place: unknown): boolean =>
  typeof place === 'string' && /^(?!data:)[a-z][a-z\d+.-]*:/i.test(place);

const refuse = (message: string, hint: string): NaniteError =>
  new NaniteError('not-supported', message, { status: 400, hint });

/**
 * Refuse images and sound that the model cannot take in, and those that would have to be fetched: a server that fetches what it is
 * told to gives away what is asked, and reaches what the asker cannot.
 *
 * @param messages in the form of OpenAI's or Anthropic's API
 * @throws NaniteError 400 `not-supported`
 */
export function needForMedia(manifest: ModelManifest, messages: readonly { content?: unknown }[]): void {
  for (const part of messages.flatMap((message) => [...partsOf(message?.content)])) {
    const type = String(part['type']);
    if (unsupported.has(type)) throw refuse('video is not supported', 'send single images of it');
    const kind = kinds[type];
    if (kind === undefined) continue;
    needCapability(manifest, [kind.capability], kind.what);
    const { source } = part as { source?: { type?: unknown } };
    if (placesOf(part).some(isElsewhere) || (source !== undefined && source?.type !== 'base64')) {
      throw refuse(
        `${kind.what} must be in the request itself`,
        'send it in base64: nothing is fetched from an address',
      );
    }
  }
}

/** First characters in base64 of the kinds of images and recordings that models take in. */
const signatures: Array<[pattern: RegExp, type: string]> = [
  [/^\/9j\//, 'image/jpeg'],
  [/^iVBORw0KGgo/, 'image/png'],
  [/^R0lGOD/, 'image/gif'],
  // RIFF and a length, then WEBP or WAVE.
  [/^UklGR.{6}XRUJQ/, 'image/webp'],
  [/^UklGR.{6}XQVZF/, 'audio/wav'],
  [/^Qk/, 'image/bmp'],
  [/^(?:SUQz|\/\/[I-Po-v])/, 'audio/mp3'],
  [/^ZkxhQ/, 'audio/flac'],
];

/**
 * An image or a recording as a part of an OpenAI message. Ollama's API has one field for both.
 *
 * @throws NaniteError 400 where it is neither
 */
export function mediaPart(base64: string): Part {
  const type = signatures.find(([pattern]) => pattern.test(base64))?.[1];
  if (type === undefined) {
    throw new NaniteError(
      'invalid-request',
      'images: not a JPEG, PNG, GIF, WebP or BMP image, nor a WAV, MP3 or FLAC recording, in base64',
      { status: 400 },
    );
  }
  const [kind, format] = type.split('/');
  return kind === 'audio'
    ? { type: 'input_audio', input_audio: { data: base64, format } }
    : { type: 'image_url', image_url: { url: `data:${type};base64,${base64}` } };
}
