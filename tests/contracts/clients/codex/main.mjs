// OpenAI's Codex, with its own full instructions and tools, over the Responses API.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, roomyModel } from './reporting/commands.mjs';
import { client, run, url } from './reporting/features.mjs';

const feature = client('Codex', '@openai/codex');
const provider = [
  ...['-c', 'model_provider="here"'],
  ...[
    '-c',
    `model_providers.here={name="here",base_url="${url}/v1",wire_api="responses",stream_idle_timeout_ms=800000}`,
  ],
];

async function codex(...argv) {
  const cwd = mkdtempSync('/tmp/codex-');
  writeFileSync(join(cwd, 'notes.txt'), 'The lease ends in May.\n');
  const all = ['codex', 'exec', '--skip-git-repo-check', '--sandbox', 'read-only', '--json', ...argv];
  const ended = await command(all, { cwd });
  const events = ended.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const wrong = events.filter(({ type }) => type === 'error' || type === 'turn.failed');
  assert.deepEqual(wrong, [], ended.said.slice(-700));
  assert.equal(ended.code, 0, ended.said.slice(-700));
  return events;
}

feature('a turn with its full instructions and tools', async () => {
  const events = await codex(...provider, '-m', await roomyModel(), 'Say hello.');
  const { usage } = events.find(({ type }) => type === 'turn.completed');
  assert.ok(usage.input_tokens > 3000 && usage.output_tokens > 0, JSON.stringify(usage));
});

feature('--oss, as it speaks to Ollama', async () => {
  const argv = ['--oss', '--local-provider', 'ollama', '-m', await roomyModel()];
  const events = await codex(...argv, 'Say hello.');
  assert.ok(events.some(({ type }) => type === 'turn.completed'));
});

await run();
