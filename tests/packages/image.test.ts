import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * The short form of the tests of the image (`make test-image` boots one): what it is made of, installed into a booted
 * trixie, checks itself; and what says "live" does nothing where nothing is live. The tests run in order.
 */
const parts = ['nanite-server', 'nanite-small-models', 'nanite-release', 'nanite-selfcheck'];
let machine: Machine;

const sh = (command: string, user?: string, timeout = 120_000) =>
  machine.run(['bash', '-c', command], { check: false, user, timeout });

interface Result {
  id: string;
  status: string;
  detail: string;
  hint: string | null;
  data: Record<string, number | string | boolean | null>;
}
interface Report {
  passed: boolean;
  person: string | null;
  checks: Result[];
}
const reportIn = (text: string): Report => {
  expect(text).toMatch(/^\{.*\}$/);
  return JSON.parse(text) as Report;
};
const byId = ({ checks }: Report) => new Map(checks.map((check) => [check.id, check]));
const selfCheck = async (
  words: string,
  user?: string,
): Promise<{ code: number; by: Map<string, Result> }> => {
  const place = user === undefined ? '' : 'XDG_RUNTIME_DIR=/run/user/1001 ';
  const { code, stdout } = await sh(`${place}nanite-selfcheck --json ${words}`, user);
  const report = reportIn(stdout.trimEnd());
  expect(report.passed).toBe(code === 0);
  return { code, by: byId(report) };
};
const statuses = (by: Map<string, Result>) =>
  Object.fromEntries([...by].map(([id, { status }]) => [id, status]));

beforeAll(async () => {
  machine = await Machine.withPackages('image', [
    ...parts,
    'libpam-systemd',
    'dbus-user-session',
    'nanite-rag',
    'nanite-chroma',
    'nanite-models',
    'nanite-gpu-detect',
    'tcpdump',
    'iproute2',
  ]);
  await machine.run(
    'useradd --create-home -u 1001 ada; echo "Tea is at four." >/home/ada/note.txt; loginctl enable-linger ada; ' +
      'timeout 30 sh -c "until test -S /run/user/1001/nanite/rag.sock; do sleep 0.1; done"',
  );
});
afterAll(() => machine?.stop());

describe('the self-check of an installed machine', () => {
  test('passes, and leaves nothing', async () => {
    const files = async () =>
      (await sh('find /home/ada -not -path "*/.*" | sort | xargs sha256sum 2>&1')).stdout;
    const before = await files();
    // The kernel's parameter cannot be given to a container: the program of the unit is run as the unit would.
    const { stdout } = await sh(
      'mkdir /run/check; RUNTIME_DIRECTORY=/run/check /usr/lib/nanite/selfcheck/at-boot',
    );
    const [, json, rc] = /^NANITE-SELFCHECK-BEGIN\n(.*)\nNANITE-SELFCHECK-END rc=(\d+)\n/m.exec(stdout) ?? [];
    const report = reportIn(json ?? stdout);
    const by = byId(report);
    expect(report.person).toBe('ada');
    expect(statuses(by), JSON.stringify([...by.values()], null, 1)).toEqual({
      units: 'pass',
      gateway: 'pass',
      models: 'pass',
      team: 'pass',
      hardware: 'pass',
      session: 'pass',
      ask: 'pass',
      knowledge: 'pass',
      memory: 'pass',
      disk: 'pass',
      // Of a container systemd tells the time of its userspace.
      boot: 'pass',
      listeners: 'pass',
      outbound: 'pass',
    });
    expect(rc).toBe('0');
    expect(by.get('ask')?.detail).toContain('Paris');
    expect(by.get('knowledge')?.data['sources']).toBeGreaterThan(0);
    expect(by.get('outbound')?.data).toMatchObject({ left: 0 });
    expect(await files()).toBe(before);
    const left = await sh('nanite knowledge --json', 'ada');
    expect(left.stdout).not.toContain('selfcheck');
    expect((await sh('pgrep -xl tcpdump')).stdout).toBe('');
  });

  test('has not run by itself: nobody asked for it', async () => {
    const unit = 'nanite-selfcheck.service';
    expect((await sh(`systemctl is-enabled ${unit}; systemctl show -P ConditionResult ${unit}`)).stdout).toBe(
      'enabled\nno\n',
    );
    expect((await sh(`systemd-analyze verify --man=no ${unit} 2>&1 | grep ${unit}`)).stdout).toBe('');
  });

  test('sees our services hold less than 200 MB while nobody asks and no model is loaded', async () => {
    const { by } = await selfCheck('--only memory');
    // It has just asked everything: what a model takes is counted apart, and seen.
    expect(Number(by.get('memory')?.data['modelBytes'])).toBeGreaterThan(100e6);
    await sh(
      `systemctl stop 'nanite-model@*' nanite-gateway.service nanite-engine.service nanite-models.service nanite-rag-team.service nanite-rag-chroma.service
       XDG_RUNTIME_DIR=/run/user/1001 setpriv --reuid ada --regid ada --init-groups systemctl --user stop nanite-rag nanite-chroma`,
    );
    // A session as it is once it has been looked at: the doors are asked, no model is.
    const held = async (command: string) => {
      expect((await sh(command, 'ada')).code).toBe(0);
      const { data } = (await selfCheck('--only memory')).by.get('memory')!;
      console.log('memory with no model loaded:', data);
      return data;
    };
    const data = await held('nanite status && nanite models list');
    expect(data['modelBytes']).toBe(0);
    expect(data['servicesBytes']).toBeLessThan(200e6);
    // The person's index and the team's, each with its database: they end when nobody asks for some minutes.
    expect((await held('nanite knowledge'))['servicesBytes']).toBeLessThan(280e6);
  });

  test('as anybody says what only root may see', async () => {
    const { code, by } = await selfCheck('--only units,session,listeners,outbound', 'ada');
    expect(statuses(by), JSON.stringify([...by.values()])).toEqual({
      units: 'pass',
      session: 'pass',
      listeners: 'pass',
      outbound: 'skip',
    });
    expect(code).toBe(0);
    expect(by.get('outbound')).toMatchObject({ hint: 'sudo nanite-selfcheck' });
  });

  test('fails where a service has failed, and names it', async () => {
    await sh(
      'systemd-run --unit=broken --quiet false; systemd-run --user --machine=ada@ --quiet false; sleep 0.5',
    );
    const { code, by } = await selfCheck('--only units');
    expect(code).toBe(1);
    expect(by.get('units')).toMatchObject({
      status: 'fail',
      hint: 'see why: journalctl -b -u broken.service',
    });
    await sh('systemctl reset-failed');
    expect((await selfCheck('--only units')).code).toBe(0);
  });

  test('fails where a socket of ours does not answer', async () => {
    await sh('systemctl stop nanite-gateway.service nanite-gateway.socket');
    const { code, by } = await selfCheck('--quick --only gateway');
    expect(code).toBe(1);
    expect(by.get('gateway')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('gateway.sock'),
    });
    await sh('systemctl start nanite-gateway.socket');
    expect((await selfCheck('--only gateway')).code).toBe(0);
  });

  test('fails where something of ours is reached from the network, and names what is not ours', async () => {
    const listen = (unit: string, port: number) =>
      sh(`systemd-run --quiet --unit=${unit} --socket-property=ListenStream=0.0.0.0:${port} sleep infinity`);
    await listen('other', 4001);
    const others = await selfCheck('--only listeners');
    expect(others.by.get('listeners')).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('0.0.0.0:4001 (other.socket)'),
    });
    await listen('nanite-open', 4002);
    const ours = await selfCheck('--only listeners');
    expect(ours.code).toBe(1);
    expect(ours.by.get('listeners')?.detail).toBe(
      'reached from the network: tcp 0.0.0.0:4002 (nanite-open.socket)',
    );
    await sh('systemctl stop other.socket nanite-open.socket');
  });

  test('fails where a packet leaves meanwhile; what only sets the network up is counted apart', async () => {
    await machine.run(
      'ip link add out0 type veth peer name out1 && ip addr add 10.9.9.1/24 dev out0 && ip link set out0 up && ip link set out1 up',
    );
    const sending = (command: string) =>
      sh(`(while sleep 0.05; do ip neigh flush dev out0; echo x >/dev/udp/10.9.9.2/4000; done) >/dev/null 2>&1 & sender=$!
          sleep 0.3; ${command}; code=$?; kill $sender; exit $code`);
    // Nobody answers to that address: only the question for it leaves, again and again.
    const asked = await sending('nanite-selfcheck --only disk,gateway,boot,hardware,listeners,outbound');
    expect(asked.stdout).toContain('ARP');
    expect(asked.code, asked.stdout).toBe(0);
    await machine.run('ip neigh replace 10.9.9.2 lladdr 02:00:00:00:00:01 dev out0');
    const left = await sending('nanite-selfcheck --only disk,gateway,boot,hardware,listeners,outbound');
    expect(left.code, left.stdout).toBe(1);
    expect(left.stdout).toMatch(
      /packets left this machine:\s+out0: IP 10\.9\.9\.1\.\d+ > 10\.9\.9\.2\.4000: UDP/,
    );
    await machine.run('ip link del out0');
  });

  test('tidies up after Ctrl-C', async () => {
    const { stdout } = await sh(
      `nanite-selfcheck --person ada --only ask,knowledge,outbound & check=$!
       until pgrep -u ada -f '[s]elfcheck/main.mjs' >/dev/null; do sleep 0.05; done; sleep 1
       kill -INT $check; wait $check; echo "rc=$?"
       pgrep -xl tcpdump; pgrep -af '[s]elfcheck/main.mjs'
       XDG_RUNTIME_DIR=/run/user/1001 setpriv --reuid ada --regid ada --init-groups nanite knowledge --json`,
    );
    expect(stdout).toContain('rc=130');
    expect(stdout).not.toContain('tcpdump');
    expect(stdout).not.toContain('selfcheck');
  });

  test('refuses what it does not know', async () => {
    expect((await sh('nanite-selfcheck --only nothing')).code).toBe(2);
    expect((await sh('nanite-selfcheck --person nobody-of-that-name')).code).toBe(2);
  });
});

describe('no model', () => {
  test('that fits: asking says so and what to do, nothing is started, and the check says it too', async () => {
    await sh('systemctl stop "nanite-model@*" nanite-gateway.service nanite-engine.service');
    await machine.run('mkdir -p /etc/nanite/config.d && cat >/etc/nanite/config.d/little.yaml', {
      input: 'engine: { memoryBytes: 67108864 }\n',
    });
    const { code, stderr } = await sh('nanite ask hello', 'ada');
    expect(code).toBe(1);
    expect(stderr).toMatch(/smollm2:135m .*needs \d+ MiB, and models may take 64 MiB on this machine/);
    expect(stderr).toMatch(/nanite models search/);
    expect((await sh('pgrep -a llama-server')).stdout).toBe('');
    const { by } = await selfCheck('--only gateway,ask,units');
    expect(statuses(by)).toEqual({ units: 'pass', gateway: 'warn', ask: 'warn' });
    expect(by.get('gateway')?.detail).toContain('no model fits here');
    await sh(
      'rm /etc/nanite/config.d/little.yaml; systemctl stop nanite-gateway.service nanite-engine.service',
    );
  });

  test('on the medium: asking says how to get one, offline and online', async () => {
    await sh('apt-get remove -y nanite-model-smollm2-135m-instruct');
    const { code, stderr } = await sh('nanite ask hello', 'ada');
    expect(code).toBe(3);
    expect(stderr).toMatch(/no model that can chat is installed/);
    expect(stderr).toMatch(/with a network/i);
    expect(stderr).toMatch(/without/i);
    // That is how the machine was made, and no fault in it.
    await sh('apt-get remove -y nanite-model-bge-small-en-v1.5');
    const { by } = await selfCheck('--only ask,knowledge', 'ada');
    expect(statuses(by)).toEqual({ ask: 'warn', knowledge: 'warn' });
    expect(by.get('knowledge')?.detail).toMatch(/found by its words; .*bge-small/);
  });
});

describe('nanite-live', () => {
  const state = async () =>
    (
      await sh(
        `hostname; cat /etc/hostname /etc/passwd /etc/group /etc/hosts; ls /home /etc/sudoers.d; ls -A /home/ada /etc/skel
         systemctl show -P ConditionResult apt-daily.service; systemctl cat getty@tty1.service; systemctl --failed --plain --no-legend; grep -c . /etc/shadow`,
      )
    ).stdout;

  test('changes nothing on a machine that was not started from a live medium', async () => {
    await machine.prepare(['nanite-live']);
    await machine.run(
      'apt-get install -y --no-install-recommends live-boot live-config live-config-systemd sudo user-setup',
      {
        timeout: 300_000,
      },
    );
    const before = await state();
    await machine.run('apt-get install -y --no-install-recommends nanite-live', { timeout: 300_000 });
    await sh('systemctl daemon-reload; systemctl start live-config.service');
    expect((await sh('systemctl show -P ConditionResult live-config.service')).stdout).toBe('no\n');
    await sh('/usr/bin/live-config');
    expect(await state()).toBe(before);
  });

  // Control: the same package with the words of a live medium's kernel.
  test('makes the live user on one', async () => {
    // The image has none: it is named when it starts.
    await sh('rm /etc/hostname; LIVE_CONFIG_CMDLINE="boot=live components" /usr/bin/live-config');
    expect((await sh('hostname')).stdout).toBe('nanite\n');
    expect((await sh('id -nG nanite')).stdout.split(/\s+/)).toEqual(
      expect.arrayContaining(['nanite', 'sudo', 'audio']),
    );
    expect((await sh('sudo -n id -u', 'nanite')).stdout).toBe('0\n');
    const home = (await sh('cd /home/nanite && find . -type f -printf "%u %P\n" | sort')).stdout;
    expect(home).toContain('nanite Desktop/nanite-try-first.desktop');
    expect(home).toContain('nanite .config/autostart/light-locker.desktop');
    expect(home).not.toContain('root ');
    expect((await sh('tail -n1 ~nanite/.profile')).stdout).toBe('. /usr/lib/nanite/live/console\n');
  });

  test('says on the console what is wrong, and nothing where all is well', async () => {
    expect(await sh('/usr/lib/nanite/live/first-check', 'nanite')).toMatchObject({ stdout: '' });
    expect((await sh('ls ~nanite/Desktop')).stdout).toBe('nanite-try-first.desktop\n');
    await sh('systemd-run --unit=broken --quiet false; sleep 0.5');
    await sh('/usr/lib/nanite/live/first-check', 'nanite');
    expect((await sh('cat ~nanite/Desktop/Something*')).stdout).toContain('failed: broken.service');
    await sh('systemctl reset-failed');
  });
});

/** The desktop is too much to install here: that apt finds a way to is asked. */
test('the metapackages of the desktop image can be installed together', async () => {
  const wanted = 'nanite-desktop nanite-small-models nanite-release nanite-live nanite-archive-keyring';
  const { code, stdout, stderr } = await sh(`apt-get install -y --simulate --install-recommends ${wanted}`);
  expect(code, stdout + stderr).toBe(0);
  for (const name of ['xfce4', 'chromium', 'lightdm', 'network-manager', 'cups']) {
    expect(stdout).toMatch(new RegExp(`^Inst ${name} `, 'm'));
  }
});
