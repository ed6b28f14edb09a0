/** Build step: write the manual pages and the completion scripts into dist/, from the command table. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { version } from '../../package.json';
import { createProgram } from '../command/program';
import { completionScripts } from '../completion/shells';
import { manPages } from './man-pages';

const dist = resolve(import.meta.dirname, '../../dist');
for (const folder of ['man', 'completion/bash', 'completion/zsh', 'completion/fish'])
  mkdirSync(`${dist}/${folder}`, { recursive: true });
for (const { name, markdown } of manPages(createProgram(version, () => {}))) {
  writeFileSync(`${dist}/man/${name}.md`, markdown);
}
for (const [name, script] of Object.entries(completionScripts)) {
  writeFileSync(`${dist}/completion/${name}`, script);
}
