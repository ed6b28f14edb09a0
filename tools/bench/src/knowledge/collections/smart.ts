import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tidy, type Collection } from './collection';

type Fields = Map<string, string>;

/**
 * Records of SMART's format: `.I 1`, then fields that begin with `.T`, `.W` and other letters on a line of their own. Some
 * files repeat a field; the first one counts.
 */
function records(text: string): Array<{ id: string; fields: Fields }> {
  const found: Array<{ id: string; fields: Fields }> = [];
  let field: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const begin = /^\.I\s+(\S+)/.exec(line);
    const heading = /^\.([A-Z])\s*$/.exec(line);
    const last = found.at(-1);
    if (begin) {
      found.push({ id: begin[1]!, fields: new Map() });
      field = null;
    } else if (heading) {
      field = last?.fields.has(heading[1]!) ? null : heading[1]!;
      if (field !== null) last?.fields.set(field, '');
    } else if (last && field !== null) {
      last.fields.set(field, `${last.fields.get(field)}${line}\n`);
    }
  }
  return found;
}

/**
 * A collection of SMART as it is passed on, such as CISI, Medline, CACM and ADI: one file with all documents (`*.all`), one of
 * questions (`*.qry` or `query.text`), one of judgements (`*.rel` or `qrels.text`: question, document, and what this does not
 * need). A judgement counts, whatever its grade.
 */
export function readSmart(folder: string): Collection {
  const names = readdirSync(folder);
  const read = (pattern: RegExp) =>
    readFileSync(
      join(
        folder,
        names.find((name) => pattern.test(name))!,
      ),
      'latin1',
    );
  const answers = read(/\.rel$|^qrels\.text$/i)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 2)
    // CACM writes `01` where its questions write `1`; Medline has the document in its third column, behind a zero.
    .map((columns) => [String(Number(columns[0])), columns[1] === '0' ? columns[2]! : columns[1]!] as const);
  const judged = new Set(answers.map(([question]) => question));
  const of = (fields: Fields, name: string) => tidy(fields.get(name) ?? '');
  return {
    documents: records(read(/\.all$/i)).map(({ id, fields }) => ({
      id,
      title: of(fields, 'T'),
      text: of(fields, 'W'),
    })),
    // Some of CISI's questions have a title as well, of the article that asks.
    questions: records(read(/\.qry$|^query\.text$/i))
      .map(({ id, fields }) => ({ id, text: tidy(`${of(fields, 'T')} ${of(fields, 'W')}`) }))
      .filter(({ id }) => judged.has(id)),
    answers,
  };
}
