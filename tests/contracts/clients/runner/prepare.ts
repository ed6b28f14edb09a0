import { Machine } from '../../../harness';
import { ableModels, installNanite, quickModels } from './machine';

/** `prepare.ts MACHINE`: install Nanite in a booted machine for the script `against`. */
const machine = Machine.attach(process.argv[2] ?? '');
await installNanite(machine, [...Object.values(quickModels), ...Object.values(ableModels)]);

// Until dist/debs has the models that can use tools, the weights that lie beside it do.
for (const size of ['0.5b', '1.5b']) {
  const weights = `/srv/weights/${size}.gguf`;
  const { stdout } = await machine.run('nanite models --json 2>/dev/null || nanite models');
  if (stdout.includes(`qwen2.5-coder:${size}`)) continue;
  if ((await machine.run(['test', '-e', weights], { check: false })).code !== 0) continue;
  await machine.run(
    `printf 'FROM ${weights}\\n' >/tmp/Modelfile && nanite models create qwen2.5-coder:${size} -f /tmp/Modelfile`,
    { timeout: 300_000 },
  );
}
