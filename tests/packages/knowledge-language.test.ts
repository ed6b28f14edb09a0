import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** Search by meaning for somebody whose system is not in English, with the programs and both models that ship. */
let machine: Machine;
const run = async (command: string): Promise<string> => {
  const told = await machine.run(['bash', '-c', `export XDG_RUNTIME_DIR=/run/user/1001; cd; ${command}`], {
    check: false,
    user: 'ada',
    timeout: 120_000,
  });
  return told.stdout + told.stderr;
};
const known = 'until nanite knowledge | grep -q "100 %"; do sleep 0.2; done';
const restart = 'systemctl --user restart nanite-rag';
const status = async () =>
  JSON.parse(await run('curl -sS --unix-socket $XDG_RUNTIME_DIR/nanite/rag.sock http://x/v1/status')) as {
    dense: { model: string; down: string | null };
  };

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-language', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine', 'nanite-llama', 'nanite-onnxruntime', 'nanite-model-bge-small-en-v1.5', 'nanite-model-multilingual-e5-small', 'nanite-cli', 'libpam-systemd', 'dbus-user-session', 'curl']); // prettier-ignore
  // What the installer writes; services have it from systemd.
  await machine.run('echo LANG=de_DE.UTF-8 >/etc/locale.conf; systemctl daemon-reexec');
  await machine.run(
    'useradd -m -u 1001 ada; loginctl enable-linger ada; ' +
      'timeout 30 sh -c "until test -S /run/user/1001/nanite/chroma.sock; do sleep 0.1; done"',
  );
  await run('mkdir files; cd files; echo "Der Mietvertrag endet am 15. Juni." >miete.txt; echo "Die Katze schläft auf dem Sofa." >katze.txt'); // prettier-ignore
});
afterAll(() => machine?.stop());

test('a question in one language finds a text in another, with the model for many languages', async () => {
  await run(`nanite knowledge add files; ${known}`);
  expect(await status()).toMatchObject({ dense: { model: 'multilingual-e5-small', down: null } });
  expect(await run('nanite search "When does the lease end?"')).toMatch(/1 {2}files\/miete\.txt/);
  expect(await run('nanite search "Where does the cat sleep?"')).toMatch(/1 {2}files\/katze\.txt/);
}, 180_000);

test('an index keeps its model until the person names another', async () => {
  await run(`systemctl --user set-environment LANG=en_GB.UTF-8; ${restart}`);
  expect(await status()).toMatchObject({ dense: { model: 'multilingual-e5-small' } });
  await machine.run('apt-get remove -y nanite-model-multilingual-e5-small');
  await run(restart);
  // The gateway looks which models there are now and then.
  const missing = 'apt install nanite-model-multilingual-e5-small';
  await run(`timeout 60 sh -c 'until nanite search lease 2>&1 | grep -q "${missing}"; do sleep 1; done'`);
  expect(await run('nanite search "When does the lease end?"')).toContain(missing);
  expect(await status()).toMatchObject({ dense: { model: 'multilingual-e5-small' } });
  await run(`nanite config set knowledge.embedding bge-small; ${restart}; ${known}`);
  expect(await status()).toMatchObject({ dense: { model: 'bge-small', down: null } });
  await run(`nanite config unset knowledge.embedding; ${restart}`);
  expect(await status()).toMatchObject({ dense: { model: 'bge-small' } });
}, 180_000);
