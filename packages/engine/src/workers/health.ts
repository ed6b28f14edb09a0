import { ApiFailure, requestOverSocket } from '@nanite/contracts';

/** Whether a worker answers and has its model loaded. */
export async function isReady(socketPath: string): Promise<boolean> {
  try {
    await requestOverSocket({
      socketPath,
      method: 'GET',
      path: '/health',
      signal: AbortSignal.timeout(2_000),
    });
    return true;
  } catch (error) {
    // Not there yet, still loading (503), or too slow to say so.
    if (error instanceof ApiFailure || (error instanceof Error && error.name === 'AbortError')) return false;
    if (error instanceof Error && error.name === 'TimeoutError') return false;
    throw error;
  }
}
