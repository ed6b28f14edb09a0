import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PushedLayer {
  mediaType: string;
  content: Buffer | string;
  annotations?: Record<string, string>;
}

const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** User and password that the token server lets into private/. */
export const registryPassword = 'ada:secret';

/** Debian's docker-registry on a port of the loopback interface, with or without token authentication. */
export class Registry {
  /** Tokens handed out. */
  tokens = 0;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly tokenServer: Server | null,
    private readonly issue: ((repository: string, actions: string[]) => string) | null,
    private readonly password: string | null,
  ) {}

  /**
   * @param auth tokens are asked for; those for repositories under private/ by user and password
   * @param password what user:password has to be, asked for by the registry itself
   */
  static async start({
    auth = false,
    password = null,
  }: { auth?: boolean; password?: string | null } = {}): Promise<Registry> {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-registry-'));
    const port = await freePort();
    const lines = [
      'version: 0.1',
      'log: {level: error, accesslog: {disabled: true}}',
      `storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}}`,
      `http: {addr: "127.0.0.1:${port}"}`,
    ];
    let tokenServer: Server | null = null;
    let issue: ((repository: string, actions: string[]) => string) | null = null;
    const started: { registry?: Registry } = {};
    if (auth) {
      const key = join(folder, 'key.pem');
      const certificate = join(folder, 'cert.pem');
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tokens'],
          ...['-keyout', key, '-out', certificate],
        ],
        { stdio: 'ignore' },
      );
      const privateKey = createPrivateKey(readFileSync(key));
      const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString('base64')];
      issue = (name, actions) => {
        const now = Math.floor(Date.now() / 1000);
        const head = base64url({ typ: 'JWT', alg: 'RS256', x5c });
        const claims = base64url({
          iss: 'nanite-test',
          sub: '',
          aud: 'registry-test',
          exp: now + 300,
          nbf: now - 10,
          iat: now,
          jti: randomUUID(),
          access: [{ type: 'repository', name, actions }],
        });
        return `${head}.${claims}.${sign('RSA-SHA256', Buffer.from(`${head}.${claims}`), privateKey).toString('base64url')}`;
      };
      const give = issue;
      tokenServer = createServer((request, response) => {
        const { searchParams } = new URL(request.url ?? '', 'http://tokens');
        const [, repository = '', actions = ''] = (searchParams.get('scope') ?? '').split(':');
        const known =
          request.headers.authorization === `Basic ${Buffer.from(registryPassword).toString('base64')}`;
        const mayHave =
          searchParams.get('service') === 'registry-test' && (known || !repository.startsWith('private/'));
        if (started.registry !== undefined) started.registry.tokens += 1;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ token: give(repository, mayHave ? actions.split(',') : []) }));
      });
      const tokenPort = await new Promise<number>((resolve) => {
        tokenServer?.listen(0, '127.0.0.1', () => resolve((tokenServer?.address() as AddressInfo).port));
      });
      lines.push(
        `auth: {token: {realm: "http://127.0.0.1:${tokenPort}/token", service: registry-test, issuer: nanite-test, rootcertbundle: ${certificate}}}`,
      );
    }
    if (password !== null) {
      const [user = '', secret = ''] = password.split(':');
      const hash = execFileSync(
        'perl',
        ['-e', 'print crypt($ARGV[0], q($2y$05$) . q(abcdefghijklmnopqrstuu))', secret],
        {
          encoding: 'utf8',
        },
      );
      writeFileSync(join(folder, 'htpasswd'), `${user}:${hash}\n`);
      lines.push(`auth: {htpasswd: {realm: test, path: ${join(folder, 'htpasswd')}}}`);
    }
    const config = join(folder, 'config.yml');
    writeFileSync(config, `${lines.join('\n')}\n`);
    const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const registry = new Registry(port, folder, child, tokenServer, issue, password);
    started.registry = registry;
    for (let waited = 0; waited < 200; waited++) {
      if (child.exitCode !== null) throw new Error(`docker-registry ended: ${said}`);
      const answers = await fetch(`${registry.url}/v2/`).then(
        () => true,
        () => false,
      );
      if (answers) return registry;
      await sleep(50);
    }
    throw new Error(`docker-registry does not answer: ${said}`);
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async #send(repository: string, method: string, url: string, body: Buffer | null, type?: string) {
    const headers: Record<string, string> = {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(this.password === null
        ? {}
        : { authorization: `Basic ${Buffer.from(this.password).toString('base64')}` }),
      ...(this.issue === null ? {} : { authorization: `Bearer ${this.issue(repository, ['pull', 'push'])}` }),
    };
    const answer = await fetch(new URL(url, this.url), {
      method,
      headers,
      ...(body === null ? {} : { body: new Uint8Array(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async pushBlob(repository: string, content: Buffer | string): Promise<string> {
    const digest = `sha256:${sha256(content)}`;
    const begun = await this.#send(repository, 'POST', `/v2/${repository}/blobs/uploads/`, null);
    const to = new URL(begun.headers.get('location') ?? '', this.url);
    to.searchParams.set('digest', digest);
    await this.#send(repository, 'PUT', to.href, Buffer.from(content), 'application/octet-stream');
    return digest;
  }

  /** @returns the digest of the manifest, without `sha256:` */
  async pushManifest(repository: string, tag: string, manifest: object, type: string): Promise<string> {
    const body = Buffer.from(JSON.stringify(manifest));
    await this.#send(repository, 'PUT', `/v2/${repository}/manifests/${tag}`, body, type);
    return sha256(body);
  }

  async manifest(repository: string, digest: string): Promise<string> {
    return (await this.#send(repository, 'GET', `/v2/${repository}/manifests/sha256:${digest}`, null)).text();
  }

  /** Push a model as `ollama push` does. */
  async push(repository: string, tag: string, layers: PushedLayer[]): Promise<string> {
    const describe = async ({ mediaType, content, annotations }: PushedLayer) => ({
      mediaType,
      digest: await this.pushBlob(repository, content),
      size: Buffer.byteLength(content),
      ...(annotations === undefined ? {} : { annotations }),
    });
    const pushed: object[] = [];
    for (const layer of layers) pushed.push(await describe(layer));
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
    const config = await describe({
      mediaType: 'application/vnd.docker.container.image.v1+json',
      content: JSON.stringify({ model_format: 'gguf', os: 'linux', architecture: 'amd64' }),
    });
    return this.pushManifest(
      repository,
      tag,
      { schemaVersion: 2, mediaType, config, layers: pushed },
      mediaType,
    );
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    this.tokenServer?.closeAllConnections();
    this.tokenServer?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
