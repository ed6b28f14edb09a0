import { agreed } from './agreed';
import type { z } from 'zod';
import { EngineStatus, ModelList, Worker, WorkerList, WorkerPlan, type WorkerRequest } from './engine';
import { requestOverSocket } from './socket-request';

/** The engine's API as functions. Every call may throw ApiFailure. */
export class EngineClient {
  constructor(private readonly socketPath = '/run/nanite/engine.sock') {}

  models(signal?: AbortSignal): Promise<ModelList> {
    return this.call(ModelList, 'GET', '/v1/models', undefined, signal);
  }

  workers(signal?: AbortSignal): Promise<WorkerList> {
    return this.call(WorkerList, 'GET', '/v1/workers', undefined, signal);
  }

  status(signal?: AbortSignal): Promise<EngineStatus> {
    return this.call(EngineStatus, 'GET', '/v1/status', undefined, signal);
  }

  /** What `start` would choose and need; starts nothing. */
  plan(request: z.input<typeof WorkerRequest>, signal?: AbortSignal): Promise<WorkerPlan> {
    return this.call(WorkerPlan, 'POST', '/v1/plan', request, signal);
  }

  /**
   * Start the worker of a model, or find it running; resolves when it answers.
   *
   * Aborting the signal ends the wait, not the worker.
   */
  start(request: z.input<typeof WorkerRequest>, signal?: AbortSignal): Promise<Worker> {
    return this.call(Worker, 'POST', '/v1/workers', request, signal);
  }

  /** Stop a worker; resolves when its memory is free. One that does not run is not an error. */
  async stop(id: string, signal?: AbortSignal): Promise<void> {
    await requestOverSocket({
      socketPath: this.socketPath,
      method: 'DELETE',
      path: `/v1/workers/${encodeURIComponent(id)}`,
      signal,
    });
  }

  private async call<T>(
    schema: z.ZodType<T>,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const answer = await requestOverSocket({ socketPath: this.socketPath, method, path, body, signal });
    return agreed(schema, answer, { service: 'nanite-engine', path });
  }
}
