import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../command';

/** Build a small .deb of a given content: PROJECTS/NAME/NAME_VERSION_all.deb. */
export async function makeDeb(
  projects: string,
  name: string,
  version: string,
  options: { content?: string; section?: string; bytes?: number } = {},
): Promise<string> {
  const root = join(projects, '../..', `build-${name}-${version}`);
  const data = join(root, 'usr/share', name);
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  mkdirSync(data, { recursive: true });
  mkdirSync(join(projects, name), { recursive: true });
  writeFileSync(join(data, 'content'), options.content ?? 'content');
  if (options.bytes !== undefined) writeFileSync(join(data, 'filler'), Buffer.alloc(options.bytes, 7));
  const section = options.section ?? 'misc';
  writeFileSync(
    join(root, 'DEBIAN/control'),
    `Package: ${name}\nVersion: ${version}\nArchitecture: all\nSection: ${section}\n` +
      'Maintainer: Test <test@nanite.invalid>\nDescription: a test\n of the repository\n',
  );
  const file = join(projects, name, `${name}_${version}_all.deb`);
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, file]);
  return file;
}
