// opencode with its own full prompt and tools, over OpenAI's API.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, roomyModel } from './reporting/commands.mjs';
import { client, run, url } from './reporting/features.mjs';

const feature = client('opencode', 'opencode-ai');

async function opencode(...argv) {
  const model = await roomyModel();
  const folder = join(process.env.XDG_CONFIG_HOME, 'opencode');
  mkdirSync(folder, { recursive: true });
  const here = {
    npm: '@ai-sdk/openai-compatible',
    name: 'here',
    options: { baseURL: `${url}/v1`, apiKey: 'none' },
    models: { [model]: { name: model, tool_call: true, limit: { context: 32768, output: 256 } } },
  };
  const config = { provider: { here }, autoupdate: false, share: 'disabled', small_model: `here/${model}` };
  writeFileSync(join(folder, 'opencode.json'), JSON.stringify(config));
  const cwd = mkdtempSync('/tmp/opencode-');
  const ended = await command(['opencode', 'run', '-m', `here/${model}`, ...argv], { cwd });
  assert.equal(ended.code, 0, ended.said.slice(-700));
  return ended;
}

feature('a question with its full prompt and tools', async () => {
  const { stdout, stderr } = await opencode('Say hello.');
  assert.ok(stdout.trim().length > 0, stderr.slice(-500));
  assert.doesNotMatch(stderr, /error/i);
});

await run();
