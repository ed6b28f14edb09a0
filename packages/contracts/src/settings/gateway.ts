import { z } from 'zod';
import { ModelName } from '../model';

const User = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(/^[a-z_][a-z0-9_.-]*\$?$/i)
    .meta({ title: 'a user name' }),
]);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A listener off loopback. It needs TLS and at least one token. */
export const GatewayListener = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535),
  tls: z
    .strictObject({ certificate: z.string(), key: z.string() })
    .nullable()
    .default(null)
    .describe('PEM files; both absent: refused off loopback.'),
});

/** A token, as `nanite-gateway token NAME` prints it; the token itself is stored nowhere. */
export const GatewayToken = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  sha256: Sha256,
  user: User.describe('The user the token stands for.'),
});

/** Another server behind the gateway. */
export const GatewayBackendSettings = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a-z, 0-9 and hyphen'),
  kind: z.enum(['ollama', 'llama-server', 'openai']),
  url: z.url({ protocol: /^https?$/ }).describe('Base URL without `/v1`: `http://127.0.0.1:8000`.'),
  keyFile: z.string().nullable().default(null).describe('File whose first line is the API key.'),
  models: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe('Models it serves; null: what its own list says.'),
  parallel: z.number().int().positive().default(16).describe('Requests sent to it at once.'),
});

/** Section `gateway` of the settings. */
export const GatewaySettings = z.strictObject({
  defaultModel: ModelName.nullable()
    .default(null)
    .describe(
      'Model that answers when none is named; null: the largest that fits in memory and answers with 6 tokens a second or more.',
    ),
  maxBodyBytes: z
    .number()
    .int()
    .min(1024)
    .default(32 * 1024 * 1024)
    .describe('Largest request body, in bytes.'),
  maxBufferedBytes: z
    .number()
    .int()
    .min(1024)
    .default(256 * 1024 * 1024)
    .describe('Bytes of request bodies held at once, all clients together.'),
  keepAlive: z
    .union([z.number(), z.string()])
    .default('5m')
    .describe(
      'How long a model stays in memory after its last request: `5m`, `1h`, `-1` for ever, `0` not at all.',
    ),
  queue: z
    .strictObject({
      length: z
        .number()
        .int()
        .positive()
        .default(256)
        .describe(
          'Requests that wait for a free slot or for memory; past it a client gets 503 with Retry-After.',
        ),
      perUser: z
        .number()
        .int()
        .positive()
        .default(128)
        .describe('Of these, the most that one user may hold.'),
      seconds: z
        .number()
        .positive()
        .default(600)
        .describe('Seconds after which a request that still waits gets 503.'),
    })
    .prefault({}),
  idleSeconds: z
    .number()
    .positive()
    .default(90)
    .describe('Seconds without a request after which the service ends, when no model is loaded.'),
  access: z
    .strictObject({
      only: z
        .array(User)
        .nullable()
        .default(null)
        .describe('Users who may ask, by name or uid; null: everyone.'),
      deny: z.array(User).default([]).describe('Users who may not ask, by name or uid.'),
    })
    .prefault({})
    .describe('Users who may not ask; and, where `only` is set, the only ones who may.'),
  hosts: z
    .array(z.string())
    .default([])
    .describe('Host names, besides those of loopback, that a request over TCP may be addressed to.'),
  origins: z
    .array(z.string())
    .default([])
    .describe("Web origins that may ask, besides loopback's: `https://chat.example`, `app://*`."),
  listeners: z
    .array(GatewayListener)
    .default([])
    .describe('Listeners off loopback, each with host, port and tls; they need TLS and a token.'),
  tokens: z
    .array(GatewayToken)
    .default([])
    .describe('Tokens for clients that come over the network: what `nanite-gateway token NAME USER` prints.'),
  backends: z
    .array(GatewayBackendSettings)
    .default([])
    .describe(
      'Other servers behind the gateway, each with name, kind (ollama, llama-server, openai) and url.',
    ),
  remotes: z
    .boolean()
    .default(false)
    .describe('Whether backends that are not on this machine may be used. Prompts then leave it.'),
});

export type GatewaySettings = z.infer<typeof GatewaySettings>;
export type GatewayBackendSettings = z.infer<typeof GatewayBackendSettings>;
