// Claude Code, pointed at Anthropic's API here as its documentation says, with its own full prompt and tools.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, roomyModel } from './reporting/commands.mjs';
import { chatModel, client, run, url } from './reporting/features.mjs';

const feature = client('Claude Code', '@anthropic-ai/claude-code');
const env = {
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_AUTH_TOKEN: 'none',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  API_TIMEOUT_MS: '800000',
};
const claude = async (model, ...argv) => {
  const small = { ANTHROPIC_SMALL_FAST_MODEL: model, ANTHROPIC_DEFAULT_HAIKU_MODEL: model };
  const cwd = mkdtempSync('/tmp/claude-');
  writeFileSync(join(cwd, 'notes.txt'), 'The lease ends in May.\n');
  const ended = await command(['claude', '--model', model, ...argv], { env: { ...env, ...small }, cwd });
  assert.equal(ended.code, 0, ended.said.slice(-700));
  return ended.stdout;
};

feature('a question, short prompt', async () => {
  const argv = ['--tools', '', '--system-prompt', 'Be brief.', '-p', 'What is the capital of France?'];
  assert.ok((await claude(chatModel, ...argv)).trim().length > 0);
});

feature('a question, streamed as JSON', async () => {
  const argv = ['--tools', '', '--system-prompt', 'Be brief.', '--output-format', 'stream-json', '--verbose'];
  const lines = (await claude(chatModel, ...argv, '-p', 'Say hello.')).trim().split('\n').map(JSON.parse);
  assert.equal(lines.at(-1).type, 'result');
  assert.equal(lines.at(-1).is_error, false);
});

feature('a question with its full prompt and tools', async () => {
  const argv = ['--output-format', 'json', '--max-turns', '3', '-p', 'Say hello.'];
  const model = await roomyModel();
  const answer = JSON.parse(
    await claude(model, ...argv).catch((error) => error.message.slice(error.message.indexOf('{'))),
  );
  // Three turns may not be enough for a small model; an answer of the API that it does not understand is another matter.
  assert.ok(
    answer.subtype === 'success' || answer.subtype === 'error_max_turns',
    JSON.stringify(answer).slice(0, 700),
  );
  assert.ok(answer.usage.input_tokens > 5000, `${answer.usage.input_tokens} tokens`);
});

await run();
