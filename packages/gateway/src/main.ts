import { EngineClient, Settings } from '@nanite/contracts';
import {
  NaniteError,
  createLog,
  describeError,
  inheritedSockets,
  loadSettings,
  socketPath,
} from '@nanite/kit';
import { version } from '../package.json';
import { Gateway } from './gateway';
import { bindConfigured, bindInherited, bindOwn, checkListeners } from './listeners';

const log = createLog();

/** `nanite-gateway token NAME USER`: a new token, and the lines for the settings that know it. */
async function printToken(name: string | undefined, user: string | undefined): Promise<void> {
  if (name === undefined || user === undefined) {
    throw new NaniteError('usage', 'usage: nanite-gateway token NAME USER');
  }
  const { newToken } = await import('./identity/tokens');
  const { token, sha256 } = newToken();
  process.stdout.write(
    `# The token, shown this once:\n#   ${token}\n# Put this into /etc/nanite/config.d/tokens.yaml:\n` +
      `gateway:\n  tokens:\n    - { name: ${name}, user: ${user}, sha256: ${sha256} }\n`,
  );
}

async function serve(): Promise<void> {
  const { values } = loadSettings(Settings, { user: false });
  const settings = values.gateway;
  checkListeners(settings);
  const gateway = new Gateway({
    settings,
    engine: new EngineClient(socketPath('engine')),
    log,
    version,
  });
  const { context } = gateway;
  const sockets = inheritedSockets();
  const bound = sockets.length > 0 ? await bindInherited(gateway, sockets) : await bindOwn(gateway);
  const servers = [...bound.servers, ...(await bindConfigured(gateway))];
  log.info('ready', { listeners: context.listeners });

  // Not before the first request is served: neither is needed to answer it.
  setImmediate(() => {
    context.broker.adopt().catch((error: unknown) => {
      log.warning('cannot ask the engine which models are in memory', { error: describeError(error) });
    });
    if (bound.portTaken) {
      void import('./port-holder').then(({ lookAtPortHolder }) => lookAtPortHolder(context));
    }
  });

  let ending = false;
  const end = async (why: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info(`ending: ${why}`);
    // systemd keeps the sockets: whoever connects from now on starts us again.
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const server of servers) server.closeIdleConnections();
    await Promise.race([Promise.all(closed), new Promise((resolve) => setTimeout(resolve, 8_000).unref())]);
    await gateway.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void end('stopped on request'));
  process.once('SIGINT', () => void end('stopped on request'));
  const mayEnd = sockets.length > 0 && settings.listeners.length === 0;
  if (mayEnd) {
    setInterval(
      () => {
        if (gateway.idleSeconds >= settings.idleSeconds) void end('nothing to do');
      },
      Math.min(5_000, settings.idleSeconds * 500),
    );
  }
}

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === 'token') await printToken(rest[0], rest[1]);
  else if (command === undefined) await serve();
  else
    throw new NaniteError('usage', `unknown command: nanite-gateway ${command}`, {
      hint: 'see nanite-gateway(8)',
    });
} catch (error) {
  const hint = error instanceof NaniteError && error.hint !== null ? { hint: error.hint } : {};
  log.error(describeError(error), hint);
  process.exit(1);
}
