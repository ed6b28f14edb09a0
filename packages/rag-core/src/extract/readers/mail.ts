import PostalMime, { type Address } from 'postal-mime';
import { damaged } from '../cannot-extract';
import type { Extracted } from '../extracted';
import { headingStack } from './headings';
import { addHtml } from './html';
import { Gathered, type Source } from './reading';

/** A mail: who wrote what to whom and when, its text, and the names of what is attached. */
export async function readMail({ type, bytes }: Source): Promise<Extracted> {
  const mail = await PostalMime.parse(bytes, {
    maxNestingDepth: 64,
    attachmentEncoding: 'arraybuffer',
  }).catch((error: unknown) => {
    throw damaged('the mail', error);
  });
  if (mail.headers.length === 0) throw damaged('the mail');
  const gathered = new Gathered();
  gathered.title = mail.subject?.trim() || null;
  const headings = headingStack();
  if (gathered.title) headings.enter(1, gathered.title);
  const rest = { headings: headings.titles(), bytes: null, symbol: null, kind: 'prose' } as const;
  const head = [
    ['Subject', gathered.title],
    ['From', names(mail.from ? [mail.from] : [])],
    ['To', names(mail.to)],
    ['Cc', names(mail.cc)],
    ['Date', mail.date ?? null],
    ['Attachments', mail.attachments.map(({ filename }) => filename).filter(Boolean).join(', ') || null],
  ].flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])); // prettier-ignore
  gathered.add({ ...rest, text: head.join('\n'), place: { kind: 'part', name: 'headers' } });
  if (mail.text?.trim()) {
    for (const paragraph of mail.text.split(/\r?\n[ \t]*\r?\n/)) {
      gathered.add({
        ...rest,
        text: paragraph.replaceAll('\r\n', '\n').trim(),
        place: { kind: 'part', name: 'text' },
      });
    }
  } else if (mail.html) {
    addHtml(gathered, mail.html, headings, () => ({ kind: 'part', name: 'text' }));
  }
  return gathered.finish(type);
}

const names = (addresses: readonly Address[] | undefined): string | null =>
  (addresses ?? [])
    .flatMap((one) => (one.group ? one.group : [one]))
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address))
    .filter(Boolean)
    .join(', ')
    .slice(0, 2_000) || null;
