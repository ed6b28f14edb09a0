import { NaniteError } from '@nanite/kit';
import type { Exchange } from '../http/exchange';
import { UpstreamFailure, send, type Flow, type Upstream, type UpstreamRequest } from './client';
import { upstreamError } from './error';
import type { Session } from './session';
import { SseReader } from './sse';

const maxErrorBytes = 64 * 1024;

export const incomplete = (upstream: Upstream): UpstreamFailure =>
  new UpstreamFailure('broken', upstream, new Error('the stream ended without its last event'));

/** Takes the events of a server's stream and writes its own to the client. Each may throw, which ends the stream. */
export interface EventSink {
  /** The server has begun to answer; the client has been told nothing yet. */
  begin(): void;
  /** Data of one event, as it came. */
  event(data: string): void;
  /** After the last event. @returns false where the answer is not complete */
  end(): boolean | Promise<boolean>;
  /** Write what was held back. */
  flush(): void;
  /** What the stream ends with when it fails, where that depends on what was sent before. */
  failed?(error: NaniteError): string;
}

/**
 * Ask for a stream and hand each of its events to a sink. Slows the server down while the client does not read.
 *
 * @throws UpstreamFailure, NaniteError where the answer had not begun; later the stream ends with an error in the client's
 *   form
 */
export function readEvents(
  exchange: Exchange,
  session: Session,
  request: UpstreamRequest,
  sink: EventSink,
): Promise<void> {
  const { res } = exchange;
  return new Promise((resolve, reject) => {
    const sse = new SseReader();
    let flow: Flow | null = null;
    let errorStatus = 0;
    let failed = '';
    let over = false;
    const onDrain = () => flow?.resume();
    const finish = (error?: unknown) => {
      if (over) return;
      over = true;
      res.off('close', onClose);
      res.off('drain', onDrain);
      if (error === undefined || exchange.isGone) return resolve();
      if (!res.headersSent) return reject(error as Error);
      sink.flush();
      exchange.fail(error, sink.failed?.bind(sink));
      if (error instanceof UpstreamFailure) session.lost();
      resolve();
    };
    const onClose = () => {
      abort(new NaniteError('client-gone', 'the client is gone', { status: 499 }));
      finish();
    };
    const abort = send(session.upstream, request, {
      head(status, _headers, control) {
        flow = control;
        if (status >= 400) errorStatus = status;
        else sink.begin();
      },
      data(chunk) {
        if (over) return;
        if (errorStatus !== 0) {
          if (failed.length < maxErrorBytes) failed += chunk.toString('utf8');
          return;
        }
        try {
          for (const data of sse.push(chunk)) sink.event(data);
          if (res.writableNeedDrain) flow?.pause();
        } catch (error) {
          finish(error);
          abort(error as Error);
        }
      },
      end() {
        if (over) return;
        if (errorStatus !== 0) return finish(upstreamError(errorStatus, failed));
        const ended = (complete: boolean) => finish(complete ? undefined : incomplete(session.upstream));
        try {
          const complete = sink.end();
          if (typeof complete === 'boolean') ended(complete);
          else complete.then(ended, finish);
        } catch (error) {
          finish(error);
        }
      },
      failed: finish,
    });
    res.once('close', onClose);
    res.on('drain', onDrain);
    if (exchange.isGone) onClose();
  });
}
