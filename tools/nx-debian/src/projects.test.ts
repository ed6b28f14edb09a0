import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianProjects, type DebianProject, withRecommended } from './projects';

const project = (name: string, depends: string[], recommends: string[] = []): DebianProject => ({
  name,
  control: { source: name, binaries: [{ name, architecture: 'all', depends, recommends }] },
});

describe('withRecommended', () => {
  const projects = [
    project('desktop', ['engine', 'libc6'], ['knowledge', 'chromium']),
    project('engine', []),
    project('knowledge', ['engine'], ['desktop', 'model']),
    project('model', []),
    project('cuda', ['engine']),
  ];

  it('follows what is depended on and what is recommended, also in a circle, and leaves out what is Debian', () => {
    expect(withRecommended(['desktop'], projects)).toEqual(['desktop', 'engine', 'knowledge', 'model']);
  });

  it('refuses a name that no project has', () => {
    expect(() => withRecommended(['desk'], projects)).toThrow('there is no project desk');
  });
});

describe('debianProjects', () => {
  it('brings all parts of the desktop with it', () => {
    const parts = withRecommended(
      ['nanite-desktop'],
      debianProjects(resolve(import.meta.dirname, '../../..')),
    );
    expect(parts).toEqual(
      expect.arrayContaining([
        'nanite-rag',
        'nanite-models',
        'nanite-llama-vulkan',
        'nanite-model-bge-small-en-v1.5',
      ]),
    );
    expect(parts).not.toContain('nanite-cuda');
  });
});
