import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLast, type Jobs } from './jobs';

/** A proxy or a browser ends a connection on which nothing comes. */
const beatMs = 15_000;

/**
 * Send a job's events until the last: as server-sent events where the client takes them, else a line of JSON each.
 *
 * A reader who does not keep up misses events between, never the last.
 */
export function sendEvents(
  jobs: Jobs,
  job: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const sse = (request.headers.accept ?? '').includes('text/event-stream');
  response.writeHead(200, {
    'content-type': sse ? 'text/event-stream' : 'application/x-ndjson',
    'cache-control': 'no-store',
  });
  // Not for lines of JSON: an empty line is none.
  const beat = sse ? setInterval(() => response.write(': \n\n'), beatMs) : null;
  let leave: (() => void) | null = null;
  const end = () => {
    if (beat !== null) clearInterval(beat);
    leave?.();
  };
  response.once('close', end);
  leave = jobs.listen(job, (event) => {
    const last = isLast(event);
    if (response.writableNeedDrain && !last) return;
    const text = JSON.stringify(event);
    response.write(sse ? `data: ${text}\n\n` : `${text}\n`);
    if (last) response.end();
  });
}
