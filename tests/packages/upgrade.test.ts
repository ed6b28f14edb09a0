import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * An upgrade of everything at once, as `apt-get upgrade` does it. There is no older release yet: the older packages are
 * today's under a lower version, which runs the same maintainer scripts and restarts the same units.
 */
const packages = ['nanite-server', 'nanite-model-smollm2-135m-instruct'];
let machine: Machine;

beforeAll(async () => {
  machine = Machine.boot('upgrade');
  await machine.prepare(packages);
});
afterAll(() => machine?.stop());

test('installs an older version, keeps what the administrator changed, and answers after the upgrade', async () => {
  const simulated = await machine.run(`apt-get install -s --no-install-recommends ${packages.join(' ')}`);
  const wanted = [...simulated.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]!);
  const ours = wanted.filter((name) => name.startsWith('nanite'));
  const debian = wanted.filter((name) => !name.startsWith('nanite'));
  expect(ours.length).toBeGreaterThan(5);
  await machine.run(`apt-get install -y --no-install-recommends ${debian.join(' ')}`, { timeout: 300_000 });
  await machine.run(
    `mkdir -p /tmp/old && cd /tmp/old && for name in ${ours.join(' ')}; do
       deb=$(find /srv/debs -name "\${name}_*.deb") && rm -rf tree && dpkg-deb -R "$deb" tree &&
       version=$(dpkg-deb -f "$deb" Version) &&
       sed -i -e "s/^Version: .*/Version: 0.0.1/" -e "s/(= $version)/(= 0.0.1)/g" tree/DEBIAN/control &&
       dpkg-deb -b -Znone --root-owner-group tree . >/dev/null || exit 1
     done; rm -rf tree; dpkg -i ./*.deb`,
    { timeout: 300_000 },
  );
  expect((await machine.run("dpkg-query -W -f '${Version}' nanite-gateway")).stdout).toBe('0.0.1');
  await machine.run('nanite config set --system cli.model smollm2:135m');
  expect((await machine.run('nanite ask --max-tokens 20 "Say hello."')).stdout).not.toBe('');

  await machine.run('apt-get dist-upgrade -y', { timeout: 300_000 });
  const versions = await machine.run(`dpkg-query -W -f '\${Version}\\n' ${ours.join(' ')}`);
  expect(versions.stdout).not.toContain('0.0.1\n');
  expect((await machine.run('systemctl --failed --plain --no-legend')).stdout).toBe('');
  expect((await machine.run('nanite config get cli.model')).stdout).toContain('smollm2:135m');
  expect((await machine.run('nanite ask --max-tokens 20 "Say hello."')).stdout).not.toBe('');
});
