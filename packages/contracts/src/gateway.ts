import { z } from 'zod';
import { DefaultModel } from './default-model';
import { EngineStatus } from './engine';
import { Bytes } from './hardware';
import { ModelCapability } from './model';

/**
 * The gateway's own API, on /run/nanite/gateway.sock and on loopback TCP:
 *
 *   GET /nanite/v1/status → GatewayStatus
 *   GET /nanite/v1/default-model → DefaultModel
 *   GET /openapi.json     → OpenAPI 3.1 of everything the gateway serves
 *
 * Errors are ApiError.
 */

/** Who sent a request, as the kernel tells (or a token, off loopback). */
export const Identity = z.object({
  uid: z.number().int().nonnegative(),
  /** Of the process that connected; null over TCP. */
  pid: z.number().int().positive().nullable(),
  via: z.enum(['unix', 'loopback', 'token']),
  /** Name of the token, where one was shown. */
  token: z.string().optional(),
});

/** Something a person should know: a port that another program holds, a backend that does not answer. */
export const GatewayNotice = z.object({
  /** Stable, such as `port-taken`. */
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
});

export const GatewayModel = z.object({
  name: z.string(),
  aliases: z.array(z.string()),
  capabilities: z.array(ModelCapability),
  /** `local`, or the backend's name. */
  backend: z.string(),
  sizeBytes: Bytes,
  contextLength: z.number().int().positive().nullable(),
  runnable: z.boolean(),
  why: z.string().nullable(),
});

/** A model that is in memory, or on its way there. */
export const GatewayLoaded = z.object({
  model: z.string(),
  state: z.enum(['loading', 'ready', 'stopping']),
  memoryBytes: Bytes,
  /** Requests being answered, and how many can be at once. */
  running: z.number().int().nonnegative(),
  slots: z.number().int().positive(),
  waiting: z.number().int().nonnegative(),
  /** When it is unloaded unless somebody asks; null: not by itself, or in use. */
  expiresAt: z.iso.datetime().nullable(),
});

export const GatewayBackend = z.object({
  name: z.string(),
  kind: z.enum(['ollama', 'llama-server', 'openai']),
  url: z.string(),
  /** True where requests leave this machine. */
  remote: z.boolean(),
  state: z.enum(['ready', 'off', 'unreachable', 'unknown']),
});

export const GatewayStatus = z.object({
  version: z.string(),
  /** Version of Ollama's API that clients are told. */
  ollamaVersion: z.string(),
  startedAt: z.iso.datetime(),
  listeners: z.array(z.string()),
  you: Identity,
  notices: z.array(GatewayNotice),
  models: z.array(GatewayModel),
  /** What answers where nobody names a model; null where the engine does not answer. */
  defaultModel: DefaultModel.nullable().default(null),
  loaded: z.array(GatewayLoaded),
  backends: z.array(GatewayBackend),
  /** Null where the engine does not answer; a notice then says why. */
  engine: EngineStatus.nullable(),
  memoryBudgetBytes: Bytes.nullable(),
  requests: z.object({
    running: z.number().int().nonnegative(),
    waiting: z.number().int().nonnegative(),
    served: z.number().int().nonnegative(),
  }),
});

export type Identity = z.infer<typeof Identity>;
export type GatewayNotice = z.infer<typeof GatewayNotice>;
export type GatewayModel = z.infer<typeof GatewayModel>;
export type GatewayLoaded = z.infer<typeof GatewayLoaded>;
export type GatewayBackend = z.infer<typeof GatewayBackend>;
export type GatewayStatus = z.infer<typeof GatewayStatus>;
