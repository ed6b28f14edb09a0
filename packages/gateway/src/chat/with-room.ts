import { NaniteError } from '@nanite/kit';
import type { Context } from '../context';
import type { AcquireOptions } from '../memory/types';
import { noWants } from '../memory/types';
import type { Target } from '../models/target';
import type { Session } from '../upstream/session';
import { ContextOverflow } from '../http/context-overflow';

/** Contexts grow by whole steps, so that a conversation does not start its worker anew at each turn. In tokens. */
const step = 4096;
/** Room for the answer behind a prompt that has to be made room for. In tokens. */
const answerRoom = 2048;

/** The context to ask for, so that a prompt fits; null where the model was not trained for one so long. */
function contextFor(promptTokens: number, trained: number): number | null {
  if (promptTokens >= trained) return null;
  return Math.min(trained, Math.ceil((promptTokens + answerRoom) / step) * step);
}

/** The machine has no memory for the context that was asked for. */
const noMemory = (error: unknown): boolean =>
  error instanceof NaniteError && ['model-too-large', 'no-memory'].includes(error.code);

/**
 * Do something with a session.
 *
 * @param mayGrow whether a prompt that is too long can be made room for: then ContextOverflow is to be thrown, else this is the
 *   room there is
 */
export type ActWithRoom<T> = (session: Session, mayGrow: boolean) => Promise<T>;

/**
 * Like Sessions.use, but a prompt that does not fit into the worker's context gets a worker with a larger one, up to what
 * the model was trained for and memory allows. For requests that name no context of their own.
 *
 * @throws ContextOverflow where there is no larger one to be had, or as Sessions.use
 */
export async function useWithRoom<T>(
  context: Context,
  target: Target,
  options: AcquireOptions,
  act: ActWithRoom<T>,
): Promise<T> {
  const trained = target.kind === 'local' ? target.entry.manifest.contextLength : 0;
  const mayGrow = ({ plan }: Session): boolean => plan !== null && plan.context < trained;
  try {
    return await context.sessions.use(target, options, (session) => act(session, mayGrow(session)));
  } catch (overflow) {
    if (!(overflow instanceof ContextOverflow)) throw overflow;
    const larger =
      contextFor(overflow.promptTokens, trained) ?? (overflow.contextTokens < trained ? trained : null);
    if (larger === null || larger <= overflow.contextTokens) throw overflow;
    const wants = { ...(options.wants ?? noWants), context: larger };
    const asIs = (session: Session) => act(session, false);
    try {
      return await context.sessions.use(target, { ...options, wants }, asIs);
    } catch (error) {
      if (!noMemory(error)) throw error;
      return context.sessions.use(target, options, asIs);
    }
  }
}
