import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** What holds for every unit that we ship. */
const packages = [
  'nanite-server',
  'nanite-onnxruntime',
  'nanite-models',
  'nanite-rag',
  'nanite-chroma',
  'polkitd',
];
let machine: Machine;
let services: string[];

beforeAll(async () => {
  // systemd-analyze asks man whether the pages that units name are there.
  machine = await Machine.withPackages('units', [...packages, 'man-db']);
  const { stdout } = await machine.run(
    "dpkg -L $(dpkg-query -W -f '${Package}\\n' 'nanite*') | grep '^/usr/lib/systemd/system/.*\\.service$' | xargs -n1 basename",
  );
  services = stdout.trim().split('\n');
});
afterAll(() => machine?.stop());

test('each is loaded without a complaint', async () => {
  expect(services.length).toBeGreaterThanOrEqual(4);
  const instances = services.map((name) => name.replace('@.', '@x.'));
  const { stdout, stderr } = await machine.run(`systemd-analyze verify ${instances.join(' ')} 2>&1`, {
    check: false,
  });
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('nanite'))).toEqual([]);
});

test('each has an exposure of 2.0 or less', async () => {
  for (const name of services) {
    const { stdout } = await machine.run(
      `systemd-analyze security --no-pager ${name.replace('@.', '@x.')} | tail -n1`,
    );
    const level = Number(/: ([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN);
    expect.soft(level, `${name}: ${stdout}`).toBeLessThanOrEqual(2);
  }
});

test('each command and unit has a manual page', async () => {
  const { stdout: commands } = await machine.run(
    "dpkg -L $(dpkg-query -W -f '${Package}\\n' 'nanite*') | grep '^/usr/bin/.' | xargs -n1 basename",
  );
  const { stdout: pages } = await machine.run(
    "dpkg -L $(dpkg-query -W -f '${Package}\\n' 'nanite*') | grep '^/usr/share/man/man'",
  );
  for (const name of commands.trim().split('\n')) expect.soft(pages, name).toContain(`/${name}.`);
});

test('nothing listens off the loopback interface', async () => {
  const { stdout } = await machine.run(
    'awk \'NR > 1 && $4 == "0A" {print $2}\' /proc/net/tcp /proc/net/tcp6',
  );
  const addresses = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  expect(addresses.length).toBeGreaterThan(0);
  for (const address of addresses) {
    expect.soft(address).toMatch(/^(0100007F|00000000000000000000000001000000):/);
  }
});
