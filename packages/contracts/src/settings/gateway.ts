import { z } from 'zod';

const User = z.union([z.number().int().nonnegative(), z.string().regex(/^[a-z_][a-z0-9_.-]*\$?$/i)]);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A listener off loopback. It needs TLS and at least one token. */
export const GatewayListener = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535),
  /** PEM files; both absent: refused off loopback. */
  tls: z.strictObject({ certificate: z.string(), key: z.string() }).nullable().default(null),
});

/** A token, as `nanite-gateway token NAME` prints it; the token itself is stored nowhere. */
export const GatewayToken = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  sha256: Sha256,
  /** The user the token stands for. */
  user: User,
});

/** Another server behind the gateway. */
export const GatewayBackendSettings = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a-z, 0-9 and hyphen'),
  kind: z.enum(['ollama', 'llama-server', 'openai']),
  /** Base URL without `/v1`: `http://127.0.0.1:8000`. */
  url: z.url({ protocol: /^https?$/ }),
  /** File whose first line is the API key. */
  keyFile: z.string().nullable().default(null),
  /** Models it serves; null: what its own list says. */
  models: z.array(z.string()).nullable().default(null),
  /** Requests sent to it at once. */
  parallel: z.number().int().positive().default(16),
});

/** Section `gateway` of the settings. */
export const GatewaySettings = z.strictObject({
  /** Largest request body, in bytes. */
  maxBodyBytes: z
    .number()
    .int()
    .min(1024)
    .default(32 * 1024 * 1024),
  /** Bytes of request bodies held at once, all clients together. */
  maxBufferedBytes: z
    .number()
    .int()
    .min(1024)
    .default(256 * 1024 * 1024),
  /** How long a model stays in memory after its last request: `5m`, `1h`, `-1` for ever, `0` not at all. */
  keepAlive: z.union([z.number(), z.string()]).default('5m'),
  queue: z
    .strictObject({
      /** Requests that wait for a free slot or for memory; past it a client gets 503 with Retry-After. */
      length: z.number().int().positive().default(256),
      /** Of these, the most that one user may hold. */
      perUser: z.number().int().positive().default(128),
      /** Seconds after which a request that still waits gets 503. */
      seconds: z.number().positive().default(600),
    })
    .prefault({}),
  /** Seconds without a request after which the service ends, when no model is loaded. */
  idleSeconds: z.number().positive().default(90),
  /** Users who may not ask; and, where `only` is set, the only ones who may. */
  access: z
    .strictObject({ only: z.array(User).nullable().default(null), deny: z.array(User).default([]) })
    .prefault({}),
  /** Host names, besides those of loopback, that a request over TCP may be addressed to. */
  hosts: z.array(z.string()).default([]),
  /** Web origins that may ask, besides loopback's: `https://chat.example`, `app://*`. */
  origins: z.array(z.string()).default([]),
  listeners: z.array(GatewayListener).default([]),
  tokens: z.array(GatewayToken).default([]),
  backends: z.array(GatewayBackendSettings).default([]),
  /** Whether backends that are not on this machine may be used. Prompts then leave it. */
  remotes: z.boolean().default(false),
});

export type GatewaySettings = z.infer<typeof GatewaySettings>;
export type GatewayBackendSettings = z.infer<typeof GatewayBackendSettings>;
