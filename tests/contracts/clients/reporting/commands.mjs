// Clients that are commands: run one as a person would in a terminal.
import { spawn } from 'node:child_process';
import { agentModel, url } from './features.mjs';

/** What the command prints, and how it ended. It is killed after so many seconds. */
export function command(argv, { env = {}, cwd, input = '', seconds = 850 } = {}) {
  const [program, ...rest] = argv;
  const child = spawn(program, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, stdout, stderr, said: `${stdout}\n${stderr}` });
    });
  });
}

/**
 * A model under a name of its own with room for the prompt of an agent, made as Ollama's documentation tells people to: the
 * APIs of OpenAI and Anthropic have no field for it.
 */
export async function roomyModel(context = 32768) {
  const model = 'clients-agent';
  const body = JSON.stringify({
    model,
    from: agentModel,
    parameters: { num_ctx: context, temperature: 0 },
    stream: false,
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/create`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`/api/create: ${answer.status} ${await answer.text()}`);
  return model;
}
