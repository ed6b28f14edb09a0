import { createHash } from 'node:crypto';
import { existsSync, openSync, readFileSync, statSync, writeSync, closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NaniteError } from '@nanite/kit';
import type { ResolvedFile, ResolvedModel } from '../../sources/resolved';
import type { PullTools } from '../tools';

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export interface OfferedFile {
  name: string;
  bytes: Buffer;
  role?: ResolvedFile['role'];
  /** What the source promises; null: nothing. */
  promised?: string | null;
}

/** Sources without a network: models by name, whose bytes come in pieces. */
export class FakeSources {
  readonly models = new Map<string, OfferedFile[]>();
  readonly hints: ResolvedModel['hints'] = {};
  /** Bytes that were fetched, in all. */
  fetchedBytes = 0;
  started = 0;
  pieceBytes = 1024;
  pauseMs = 0;

  offer(name: string, files: OfferedFile[]): void {
    this.models.set(name, files);
  }

  readonly tools: PullTools = {
    parseReference: (text) => {
      if (text.includes(' ')) throw new NaniteError('bad-reference', 'no', { status: 400 });
      return { kind: 'url', url: text, sha256: null };
    },
    resolve: async (reference) => {
      const name = reference.kind === 'url' ? reference.url : '';
      const files = this.models.get(name);
      if (files === undefined) throw new NaniteError('no-such-source', `no ${name}`, { status: 404 });
      return {
        name,
        source: `fake:${name}`,
        pinned: true,
        trust: 'source',
        hints: this.hints,
        files: files.map(({ name: file, bytes, role, promised }) => ({
          role: role ?? 'weights',
          name: file,
          size: bytes.length,
          sha256: promised === undefined ? sha256Of(bytes) : promised,
          locate: async () => ({ url: `fake:${name}/${file}`, headers: {} }),
        })),
      };
    },
    fetchFile: async (file, target, { signal, onProgress }) => {
      this.started += 1;
      const { url } = await file.locate();
      const bytes = [...this.models.entries()].flatMap(([model, files]) =>
        files.filter((each) => `fake:${model}/${each.name}` === url),
      )[0]!.bytes;
      let done = existsSync(target.part) ? statSync(target.part).size : 0;
      const fd = openSync(target.part, 'a');
      try {
        while (done < bytes.length) {
          signal.throwIfAborted();
          const written = writeSync(fd, bytes.subarray(done, done + this.pieceBytes));
          this.fetchedBytes += written;
          done += written;
          onProgress(done, bytes.length);
          if (this.pauseMs > 0) await sleep(this.pauseMs, undefined, { signal });
          else await new Promise(setImmediate);
        }
      } finally {
        closeSync(fd);
      }
      return { sha256: sha256Of(readFileSync(target.part)), size: done };
    },
    /** A file that begins with `BAD` is refused. */
    inspect: async (path) => {
      const bytes = readFileSync(path);
      if (bytes.toString('latin1', 0, 3) === 'BAD') {
        throw new NaniteError('refused-model', 'its header is bad', { status: 422 });
      }
      return {
        format: 'gguf',
        architecture: 'llama',
        parameters: 134_520_000,
        quantisation: 'Q4_1',
        contextLength: 8192,
        embeddingLength: null,
        capabilities: ['completion', 'chat'],
        chatTemplate: null,
        split: null,
        role: 'weights',
        name: null,
        licence: 'MIT',
        pooling: null,
        tensors: 1,
        splitTensors: null,
        externalData: [],
      };
    },
  };
}
