import { agreed } from '../agreed';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { ApiFailure } from '../api-failure';
import { linesOverSocket, openOverSocket, requestOverSocket, type SocketRequest } from '../socket-request';
import {
  DiskUsage,
  FitAnswer,
  GarbageReport,
  ModelDetails,
  ParsedModelfile,
  RemoveAnswer,
  StoredModel,
  StoredModelList,
  UpdateList,
} from './answers';
import { actingForHeader, modelStorePaths as at } from './api';
import { Job, JobList, ProgressEvent, type JobAction } from './progress';
import type {
  CopyRequest,
  CreateRequest,
  ExportRequest,
  FitRequest,
  ImportRequest,
  PinRequest,
  PullRequest,
  UpdateRequest,
  VerifyRequest,
} from './requests';

type Progress = AsyncGenerator<ProgressEvent, void, void>;
type StoreRequest = Omit<SocketRequest, 'socketPath' | 'headers'>;

/**
 * The model store's API as functions. Every call may throw ApiFailure.
 *
 * Those that take time give events; the last is `success`, and a failure is thrown. Leaving the loop, or aborting the
 * signal, ends the listening and not the job: for that there is {@link ModelStoreClient.control}.
 */
export class ModelStoreClient {
  constructor(
    private readonly socketPath = '/run/nanite/models.sock',
    /** User id that the requests are for; the gateway's to set. */
    private readonly actingFor: number | null = null,
  ) {}

  /** The same store, asked for somebody else. */
  for(uid: number): ModelStoreClient {
    return new ModelStoreClient(this.socketPath, uid);
  }

  list(signal?: AbortSignal): Promise<StoredModelList> {
    return this.json(StoredModelList, { method: 'GET', path: at.models, signal });
  }

  show(name: string, signal?: AbortSignal): Promise<ModelDetails> {
    return this.json(ModelDetails, {
      method: 'GET',
      path: `${at.models}/${encodeURIComponent(name)}`,
      signal,
    });
  }

  remove(name: string, signal?: AbortSignal): Promise<RemoveAnswer> {
    return this.json(RemoveAnswer, {
      method: 'DELETE',
      path: `${at.models}/${encodeURIComponent(name)}`,
      signal,
    });
  }

  pull(request: z.input<typeof PullRequest>, signal?: AbortSignal): Progress {
    return this.events({ method: 'POST', path: at.pull, body: request, signal });
  }

  create(request: z.input<typeof CreateRequest>, signal?: AbortSignal): Progress {
    return this.events({ method: 'POST', path: at.create, body: request, signal });
  }

  copy(request: CopyRequest, signal?: AbortSignal): Promise<StoredModel> {
    return this.json(StoredModel, { method: 'POST', path: at.copy, body: request, signal });
  }

  parseModelfile(text: string, signal?: AbortSignal): Promise<ParsedModelfile> {
    return this.json(ParsedModelfile, { method: 'POST', path: at.modelfile, body: { text }, signal });
  }

  /** @param digest `sha256:…` */
  async hasBlob(digest: string, signal?: AbortSignal): Promise<boolean> {
    try {
      (await openOverSocket(this.asked({ method: 'HEAD', path: `${at.blobs}/${digest}`, signal }))).destroy();
      return true;
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return false;
      throw error;
    }
  }

  async uploadBlob(digest: string, bytes: Readable, signal?: AbortSignal): Promise<void> {
    const path = `${at.blobs}/${digest}`;
    (await openOverSocket(this.asked({ method: 'POST', path, bytes, signal }))).destroy();
  }

  jobs(signal?: AbortSignal): Promise<JobList> {
    return this.json(JobList, { method: 'GET', path: at.jobs, signal });
  }

  /** Follow a job that runs. */
  follow(job: string, signal?: AbortSignal): Progress {
    return this.events({ method: 'GET', path: `${at.jobs}/${job}`, signal });
  }

  control(job: string, action: JobAction['action'], signal?: AbortSignal): Promise<Job> {
    return this.json(Job, { method: 'POST', path: `${at.jobs}/${job}`, body: { action }, signal });
  }

  /** The last event's `result` is a VerifyReport. */
  verify(request: z.input<typeof VerifyRequest> = {}, signal?: AbortSignal): Progress {
    return this.events({ method: 'POST', path: at.verify, body: request, signal });
  }

  collectGarbage(signal?: AbortSignal): Promise<GarbageReport> {
    return this.json(GarbageReport, { method: 'POST', path: at.gc, signal });
  }

  diskUsage(signal?: AbortSignal): Promise<DiskUsage> {
    return this.json(DiskUsage, { method: 'GET', path: at.du, signal });
  }

  pin(request: PinRequest, signal?: AbortSignal): Promise<StoredModel> {
    return this.json(StoredModel, { method: 'POST', path: at.pin, body: request, signal });
  }

  fit(request: z.input<typeof FitRequest>, signal?: AbortSignal): Promise<FitAnswer> {
    return this.json(FitAnswer, { method: 'POST', path: at.fit, body: request, signal });
  }

  updates(signal?: AbortSignal): Promise<UpdateList> {
    return this.json(UpdateList, { method: 'GET', path: at.updates, signal });
  }

  update(request: UpdateRequest, signal?: AbortSignal): Progress {
    return this.events({ method: 'POST', path: at.updates, body: request, signal });
  }

  import(request: z.input<typeof ImportRequest>, signal?: AbortSignal): Progress {
    return this.events({ method: 'POST', path: at.import, body: request, signal });
  }

  export(request: z.input<typeof ExportRequest>, signal?: AbortSignal): Progress {
    return this.events({ method: 'POST', path: at.export, body: request, signal });
  }

  private asked(request: StoreRequest): SocketRequest {
    const headers: Record<string, string> =
      this.actingFor === null ? {} : { [actingForHeader]: String(this.actingFor) };
    return { ...request, headers, socketPath: this.socketPath };
  }

  private async json<T>(schema: z.ZodType<T>, request: StoreRequest): Promise<T> {
    return agreed(schema, await requestOverSocket(this.asked(request)), { service, path: request.path });
  }

  private async *events(request: StoreRequest): Progress {
    for await (const value of linesOverSocket(this.asked(request))) {
      const event = agreed(ProgressEvent, value, { service, path: request.path });
      if (event.error !== undefined) {
        throw new ApiFailure(
          event.httpStatus ?? 500,
          event.code ?? 'internal',
          event.error,
          event.hint ?? null,
        );
      }
      yield event;
      if (event.status === 'success') return;
    }
    throw new ApiFailure(502, 'broken-off', 'the model store ended before the work did');
  }
}

const service = 'nanite-models';
