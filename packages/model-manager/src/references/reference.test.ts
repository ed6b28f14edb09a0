import { NaniteError } from '@nanite/kit';
import { describe, expect, it } from 'vitest';
import { parseReference } from './reference';

const hex = 'a'.repeat(64);
const oci = (host: string, repository: string, tag = 'latest', digest: string | null = null) => ({
  kind: 'oci',
  scheme: 'https',
  host,
  repository,
  tag,
  digest,
});
const hf = (repository: string, rest: object = {}) => ({
  kind: 'huggingface',
  repository,
  revision: null,
  file: null,
  quantisation: null,
  ...rest,
});

describe('parseReference', () => {
  it.each([
    ['llama3.1:8b', { kind: 'catalogue', name: 'llama3.1', tag: '8b' }],
    ['  smollm2 ', { kind: 'catalogue', name: 'smollm2', tag: null }],
    [`smollm2@sha256:${hex}`, oci('registry.ollama.ai', 'library/smollm2', 'latest', hex)],
    ['ollama://smollm2:135m', oci('registry.ollama.ai', 'library/smollm2', '135m')],
    ['someone/model', oci('registry.ollama.ai', 'someone/model')],
    ['localhost:5000/library/smollm2:135m', oci('localhost:5000', 'library/smollm2', '135m')],
    ['ollama://127.0.0.1:5000/a/b/c:x', oci('127.0.0.1:5000', 'a/b/c', 'x')],
    ['[::1]:5000/a/b', oci('[::1]:5000', 'a/b')],
    ['example.org/model', oci('example.org', 'model')],
    ['oci://example.org/team/model:1', oci('example.org', 'team/model', '1')],
    [`example.org/a/b:1@sha256:${hex}`, oci('example.org', 'a/b', '1', hex)],
    [
      'http://localhost:5000/library/smollm2:135m',
      { ...oci('localhost:5000', 'library/smollm2', '135m'), scheme: 'http' },
    ],
    ['hf://org/repo', hf('org/repo')],
    ['hf.co/org/Repo-GGUF:Q4_K_M', hf('org/Repo-GGUF', { quantisation: 'Q4_K_M' })],
    ['hf.co/org/repo:latest', hf('org/repo')],
    ['huggingface.co/org/repo:sub/a.gguf', hf('org/repo', { file: 'sub/a.gguf' })],
    ['hf://org/repo@refs/pr/1:a.gguf', hf('org/repo', { revision: 'refs/pr/1', file: 'a.gguf' })],
    ['hf://org/repo@0123abc:Q8_0', hf('org/repo', { revision: '0123abc', quantisation: 'Q8_0' })],
    [
      'https://huggingface.co/org/repo/resolve/main/sub/a.gguf?download=true',
      hf('org/repo', { revision: 'main', file: 'sub/a.gguf' }),
    ],
    ['https://huggingface.co/org/repo', hf('org/repo')],
    [
      `https://example.org/x/m.gguf?a=1#sha256=${hex.toUpperCase()}`,
      { kind: 'url', url: 'https://example.org/x/m.gguf?a=1', sha256: hex },
    ],
    ['http://example.org/m.gguf', { kind: 'url', url: 'http://example.org/m.gguf', sha256: null }],
    ['/srv/m.gguf', { kind: 'path', path: '/srv/m.gguf' }],
    ['./m.gguf', { kind: 'path', path: './m.gguf' }],
    ['../folder', { kind: 'path', path: '../folder' }],
    ['file:///srv/a%20b.gguf', { kind: 'path', path: '/srv/a b.gguf' }],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    'a b',
    'name:',
    ':tag',
    'name:tag:tag',
    'na\u0007me:tag',
    'host.example/../x:1',
    'a/b/../c',
    'ftp://example.org/m.gguf',
    'https://example.org/',
    'https://user:pass@example.org/m.gguf',
    'https://example.org/m.gguf#sha256=123',
    'https://example.org/m.gguf#md5=123',
    'name@sha256:12',
    'name@md5:12',
    'hf://org',
    'hf://org/repo:../x.gguf',
    'hf://org/../x',
    'hf://org/repo@..:Q4_0',
    'm.gguf',
    '~/m.gguf',
    'oci://model',
    'file://other/m.gguf',
    'file:///a%00b',
    '-rf:latest',
  ])('refuses %j and says what to write', (text) => {
    let caught: unknown;
    try {
      parseReference(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(NaniteError);
    expect(caught).toMatchObject({ code: 'bad-reference', status: 400 });
    expect((caught as NaniteError).hint).toBeTruthy();
  });

  it('refuses what is far too long without repeating it', () => {
    expect(() => parseReference('x'.repeat(2049))).toThrow(/longer than/);
    expect(() => parseReference('x'.repeat(2049))).not.toThrow(/x{100}/);
  });
});
