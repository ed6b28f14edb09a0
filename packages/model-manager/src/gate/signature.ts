import type { ByteSource } from './bytes';
import { refuse } from './refusal';

const looked = 1_024;

const startsWith = (bytes: Uint8Array, ...prefix: number[]) => prefix.every((byte, at) => bytes[at] === byte);

/**
 * What a file is by its first bytes, never by its name.
 *
 * @throws Refusal with a reason of its own for each kind of file that people take for a model
 */
export function formatOf(source: ByteSource): 'gguf' | 'onnx' {
  const head = source.read(0, looked);
  if (source.size === 0 || head.byteLength === 0) {
    refuse('empty', 'the file is empty', 'the download failed: get it again');
  }
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (text.startsWith('GGUF')) return 'gguf';

  const gguf = 'get the GGUF of this model: its repository or one of its quantisations has one';
  if (startsWith(head, 0x50, 0x4b, 0x03, 0x04) || startsWith(head, 0x50, 0x4b, 0x05, 0x06)) {
    refuse(
      'zip',
      /data\.pkl|archive\/|\.pkl/.test(text)
        ? 'this is a PyTorch checkpoint: a zip of pickled objects, which run programs when they are loaded'
        : 'this is a zip archive, not a model',
      gguf,
    );
  }
  // Protocols 2 to 5 of pickle: the opcode PROTO, the version, then FRAME or an object.
  if (head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5) {
    refuse('pickle', 'this is a Python pickle, which runs programs when it is loaded', gguf);
  }
  // Protocol 0 names a class to import on its first line.
  if (/^(?:c[\w.]+\n[\w.]+\n|\(dp\d*\n|\(lp\d*\n)/.test(text)) {
    refuse('pickle', 'this is a Python pickle, which runs programs when it is loaded', gguf);
  }
  if (text.startsWith('version https://git-lfs')) {
    refuse(
      'git-lfs-pointer',
      'this is a pointer of Git LFS: a text of a hundred bytes that stands for the model',
      'fetch the file itself: `git lfs pull` in the repository, or let Nanite pull it by its name',
    );
  }
  if (/^\s*(?:<!doctype|<html|<head|<\?xml)/i.test(text)) {
    refuse(
      'html',
      'this is a web page, not a model: the server sent an error or a login page',
      'open the address in a browser; a gated model needs a token',
    );
  }
  if (head.byteLength >= 9 && head[8] === 0x7b && safetensorsHeader(head, source.size)) {
    refuse('safetensors', 'this is a safetensors file: the engines of Nanite run GGUF and ONNX', gguf);
  }
  if (['lmgg', 'fmgg', 'tjgg', 'algg'].some((magic) => text.startsWith(magic))) {
    refuse('legacy-format', 'this is a GGML file of 2023, which llama.cpp no longer reads', gguf);
  }
  if (text.startsWith('FUGG')) {
    refuse('legacy-format', 'this is a GGUF file of a big-endian machine', gguf);
  }
  if (
    startsWith(head, 0x1f, 0x8b) ||
    startsWith(head, 0x28, 0xb5, 0x2f, 0xfd) ||
    startsWith(head, 0xfd, 0x37, 0x7a, 0x58) ||
    startsWith(head, 0x42, 0x5a, 0x68) ||
    startsWith(head, 0x37, 0x7a, 0xbc, 0xaf)
  ) {
    refuse('compressed', 'this is a compressed archive', 'unpack it and import what is inside');
  }
  if (startsWith(head, 0x89, 0x48, 0x44, 0x46)) refuse('other-format', 'this is an HDF5 file of Keras', gguf);
  if (text.slice(4, 8) === 'TFL3') refuse('other-format', 'this is a TensorFlow Lite model', gguf);
  if (startsWith(head, 0x7f, 0x45, 0x4c, 0x46)) refuse('not-a-model', 'this is a program, not a model', gguf);
  if (text.startsWith('#!')) refuse('not-a-model', 'this is a script, not a model', gguf);
  if (/^\s*[{[]/.test(text)) {
    refuse(
      'not-a-model',
      'this is JSON, not a model',
      'the server may have sent an error: look into the file; a gated model needs a token',
    );
  }
  // ModelProto has no magic: nearly all writers begin with ir_version (field 1, a varint below 128).
  if (head[0] === 0x08 && (head[1] ?? 0x80) < 0x80) return 'onnx';
  refuse('not-a-model', 'this is neither a GGUF nor an ONNX file', gguf);
}

function safetensorsHeader(head: Uint8Array, size: number): boolean {
  const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(0, true);
  return length > 0n && length <= BigInt(Math.max(0, size - 8)) && length < 100_000_000n;
}
