import type { Exchange } from '../http/exchange';
import { problemOf } from '../http/problem';
import { send, type Flow, type UpstreamRequest } from './client';
import { upstreamError } from './error';
import type { Session } from './session';

/** Most of an error's body that is read. */
const maxErrorBytes = 64 * 1024;

/**
 * Hand a request on and its answer back, byte for byte. Errors are written in the shape of the client's API.
 *
 * Pieces that the server sent together go on in one write: with a token every few milliseconds, each write costs the
 * model's own threads time on the CPU.
 *
 * @throws UpstreamFailure, NaniteError where the answer had not begun
 */
export function relay(exchange: Exchange, session: Session, request: UpstreamRequest): Promise<void> {
  const { res } = exchange;
  return new Promise((resolve, reject) => {
    let errorStatus = 0;
    let streams = false;
    let corked = false;
    let flow: Flow | null = null;
    const failed: Buffer[] = [];
    let failedSize = 0;

    const onDrain = () => flow?.resume();
    const onClose = () => {
      abort(new Error('the client is gone'));
      finish();
    };
    const finish = () => {
      res.off('close', onClose);
      res.off('drain', onDrain);
      resolve();
    };
    const uncork = () => {
      corked = false;
      res.uncork();
    };
    const abort = send(session.upstream, request, {
      head(status, headers, control) {
        flow = control;
        if (status >= 400) {
          errorStatus = status;
          return;
        }
        const type = headers['content-type'] ?? 'application/json; charset=utf-8';
        const length = headers['content-length'];
        streams = length === undefined;
        res.writeHead(
          status,
          length === undefined
            ? { 'content-type': type, 'cache-control': 'no-cache' }
            : { 'content-type': type, 'content-length': length },
        );
      },
      data(chunk) {
        if (errorStatus !== 0) {
          failedSize += chunk.length;
          if (failedSize <= maxErrorBytes) failed.push(chunk);
          return;
        }
        if (!corked) {
          corked = true;
          res.cork();
          process.nextTick(uncork);
        }
        if (!res.write(chunk)) flow?.pause();
      },
      end() {
        if (errorStatus !== 0) {
          res.off('close', onClose);
          res.off('drain', onDrain);
          reject(upstreamError(errorStatus, Buffer.concat(failed).toString('utf8')));
          return;
        }
        res.end();
        finish();
      },
      failed(error) {
        if (exchange.isGone) return finish();
        if (!res.headersSent) {
          res.off('close', onClose);
          res.off('drain', onDrain);
          reject(error);
          return;
        }
        exchange.problem = problemOf(error);
        // A body of announced length cannot end with an error: the client must see that it is cut off.
        if (streams) exchange.fail(error);
        else res.destroy();
        session.lost();
        finish();
      },
    });
    res.once('close', onClose);
    res.on('drain', onDrain);
    if (exchange.isGone) onClose();
  });
}
