import type { Exchange } from '../http/exchange';
import { NaniteError } from '@nanite/kit';
import {
  fetchWhole,
  send,
  UpstreamFailure,
  type Flow,
  type Upstream,
  type UpstreamRequest,
} from '../upstream/client';
import { upstreamError } from '../upstream/error';
import type { Session } from '../upstream/session';
import type { Protocol } from './chat-protocol';
import { SseReader } from './sse';
import { LineWriter, closing, type Form } from './writer';

const maxErrorBytes = 64 * 1024;

const incomplete = (upstream: Upstream): UpstreamFailure =>
  new UpstreamFailure('broken', upstream, new Error('the stream ended without its last event'));

/** Ask and answer in one JSON object. */
export async function answerWhole(
  exchange: Exchange,
  session: Session,
  request: UpstreamRequest,
  protocol: Protocol,
  form: Form,
  model: string,
): Promise<void> {
  const answer = await fetchWhole(session.upstream, request, exchange.signal);
  const body = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, body);
  const piece = protocol.whole(body);
  const end = protocol.end();
  if (end === null) throw incomplete(session.upstream);
  const text = form.piece(piece);
  const message = text['message'];
  exchange.json({
    model,
    created_at: new Date().toISOString(),
    ...text,
    ...(end.toolCalls.length > 0 &&
      typeof message === 'object' && { message: { ...message, tool_calls: end.toolCalls } }),
    ...(piece.logprobs !== null && { logprobs: piece.logprobs }),
    ...closing(exchange, session.loadNs, end),
  });
}

/**
 * Ask and pass the answer on as Ollama's lines, as it comes.
 *
 * @throws UpstreamFailure, NaniteError where the answer had not begun
 */
export function answerLines(
  exchange: Exchange,
  session: Session,
  request: UpstreamRequest,
  protocol: Protocol,
  form: Form,
  model: string,
): Promise<void> {
  const { res } = exchange;
  return new Promise((resolve, reject) => {
    const sse = new SseReader();
    let flow: Flow | null = null;
    let errorStatus = 0;
    let failed = '';
    let over = false;
    const lines = new LineWriter(exchange, model, form, () => flow?.pause());
    const onDrain = () => flow?.resume();
    const finish = (error?: unknown) => {
      if (over) return;
      over = true;
      res.off('close', onClose);
      res.off('drain', onDrain);
      if (error === undefined || exchange.isGone) return resolve();
      if (!res.headersSent) return reject(error as Error);
      lines.flush();
      exchange.fail(error);
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
        else lines.begin();
      },
      data(chunk) {
        if (over) return;
        if (errorStatus !== 0) {
          if (failed.length < maxErrorBytes) failed += chunk.toString('utf8');
          return;
        }
        try {
          for (const data of sse.push(chunk)) {
            const piece = protocol.event(data);
            if (piece !== null) lines.piece(piece);
          }
        } catch (error) {
          finish(error);
          abort(error as Error);
        }
      },
      end() {
        if (over) return;
        if (errorStatus !== 0) return finish(upstreamError(errorStatus, failed));
        try {
          const end = protocol.end();
          if (end === null) return finish(incomplete(session.upstream));
          lines.end(session.loadNs, end);
          finish();
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
