import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { readGgufMetadata } from '@nanite/gguf';
import type { PackagedModel } from './model';

interface KnownLicence {
  /** What debian/copyright calls it (DEP 5). */
  debianName: string;
  /** A sentence that its text has and others have not. */
  sentence: string;
  /** Debian's own copy; null where debian/copyright must bring the text. */
  commonFile: string | null;
}

/**
 * Licences of weights that go into `main`: free for any use, to change and to pass on. Terms with conditions on use
 * (Gemma, Llama, OpenRAIL) are not among them.
 */
export const allowedLicences: Record<string, KnownLicence> = {
  'Apache-2.0': {
    debianName: 'Apache-2.0',
    sentence:
      'Subject to the terms and conditions of this License, each Contributor hereby grants to You a perpetual, ' +
      'worldwide, non-exclusive, no-charge, royalty-free, irrevocable copyright license to reproduce',
    commonFile: '/usr/share/common-licenses/Apache-2.0',
  },
  MIT: {
    debianName: 'Expat',
    sentence:
      'The above copyright notice and this permission notice shall be included in all copies or substantial portions ' +
      'of the Software.',
    commonFile: null,
  },
  'CC0-1.0': {
    debianName: 'CC0-1.0',
    sentence: 'overtly, fully, permanently, irrevocably and unconditionally waives, abandons, and surrenders',
    commonFile: '/usr/share/common-licenses/CC0-1.0',
  },
};

const refuse = (message: string): never => {
  throw new NaniteError('licence-refused', message, {
    hint: 'see docs/recipes/add-a-model.md on which licences weights may have, and how they are shown',
  });
};

/** Text without the differences that line breaks, indentation and DEP-5's dots make. */
const flat = (text: string): string => text.replace(/^\s*\.\s*$/gm, '').replace(/\s+/g, ' ');

function checkProof(
  proof: PackagedModel['licence']['proof'][number],
  { licence: { id, readAt }, source }: PackagedModel,
  licence: KnownLicence,
  path: string,
): void {
  if (proof.kind === 'publisher') {
    const isBesideCard = 'parts' in source && source.publisher.url.startsWith(`${readAt}/`);
    if (!isBesideCard) refuse(`${proof.member} is not a file that its publisher offers at ${readAt}`);
    return;
  }
  if (proof.kind === 'gguf') {
    const named = readGgufMetadata(path).get('general.license');
    if (String(named).toLowerCase() !== id.toLowerCase()) {
      refuse(`${proof.member} names the licence '${String(named ?? 'none')}', model.json ${id}`);
    }
    return;
  }
  const text = flat(readFileSync(path, 'utf8'));
  if (proof.kind === 'text' && !text.includes(flat(licence.sentence))) {
    refuse(`${proof.member} is not the text of ${id}`);
  }
  if (proof.kind === 'origin' && !text.includes(flat(proof.says))) {
    refuse(`${proof.member} does not say '${proof.says}'`);
  }
}

/** debian/copyright must name the licence for the model's files, and bring its text or Debian's copy of it. */
function checkCopyright(folder: string, id: string, licence: KnownLicence): void {
  const path = join(folder, 'debian/copyright');
  if (!existsSync(path)) refuse(`${path} is missing`);
  const text = readFileSync(path, 'utf8');
  const files = /^Files: \*\n(?:[^\n]+\n)*?License: (\S+)/m.exec(text);
  if (files?.[1] !== licence.debianName) {
    refuse(
      `${path} gives 'Files: *' the licence ${files?.[1] ?? '(none)'}; of ${id} it is ${licence.debianName}`,
    );
  }
  const wanted = licence.commonFile ?? licence.sentence;
  if (!flat(text).includes(flat(wanted))) refuse(`${path} has neither the text of ${id} nor where it lies`);
}

/**
 * Check that a model may be shipped, and that its package says under which licence.
 *
 * @param paths verified files of the source, by member
 * @throws NaniteError `licence-refused`
 */
export function checkLicence(model: PackagedModel, folder: string, paths: Record<string, string>): void {
  const { id, proof } = model.licence;
  const licence = Object.hasOwn(allowedLicences, id) ? allowedLicences[id] : undefined;
  if (licence === undefined) {
    return refuse(
      `'${id}' is not a licence that weights of ours may have (${Object.keys(allowedLicences).join(', ')})`,
    );
  }
  for (const one of proof) checkProof(one, model, licence, paths[one.member]!);
  checkCopyright(folder, id, licence);
}
