import type { ModelManifest } from '../model';
import type { ModelRecord } from './answers';

/**
 * A Modelfile that would make a model again, as `nanite models show --modelfile` and /api/show give it.
 *
 * @param template its chat template where it has one of its own, in Jinja or in what a Modelfile here may say
 * @param note a line of comment in place of a template that cannot be said
 */
export function modelfileText(
  { manifest, record }: { manifest: ModelManifest; record: ModelRecord },
  template: string | null,
  note: string | null = null,
): string {
  const lines = [
    '# Modelfile written by Nanite.',
    '# To make a model from it, put the FROM line in place of this one:',
    `# FROM ${manifest.name}`,
    '',
    `FROM ${record.lineage[0] ?? manifest.name}`,
  ];
  if (note !== null) lines.push(`# ${note}`);
  if (template !== null) lines.push(`TEMPLATE ${quoted(template)}`);
  if (manifest.system !== null) lines.push(`SYSTEM ${quoted(manifest.system)}`);
  for (const [name, value] of Object.entries(manifest.parameters)) {
    for (const each of Array.isArray(value) ? value : [value])
      lines.push(`PARAMETER ${name} ${quote(String(each))}`);
  }
  for (const { role, content } of record.messages) lines.push(`MESSAGE ${role} ${quote(content)}`);
  if (record.licenceText !== null) lines.push(`LICENSE ${quoted(record.licenceText)}`);
  return `${lines.join('\n')}\n`;
}

/** A value as it must be written in a Modelfile to be read again as it is. */
function quote(value: string): string {
  const bare = !/[\n\r]/.test(value) && value === value.trim() && !value.startsWith('"') && value !== '';
  if (bare) return value;
  // A single quote ends only at the end of a line, so one inside does not matter there; three are safe for all else.
  return value.includes('"') || /[\n\r]/.test(value) ? `"""${value}"""` : `"${value}"`;
}

/** Texts for people always stand in three quotes, as Ollama prints them. */
const quoted = (text: string) => (text.endsWith('"') ? quote(text) : `"""${text}"""`);
