import { agreement } from './agreement';
import type { Trial } from './trial';

/**
 * How much worse a new version may be (docs/decisions/0094). Two runs of one model on a busy machine differ by a third, and a
 * small model gets one question more or less right by chance. `order` is Spearman's, and chosen, not
 * measured: it keeps away what has little to do with the current version.
 */
export const tolerance = {
  speed: 0.6,
  firstToken: 2,
  firstTokenSeconds: 0.25,
  right: 1,
  order: 0.5,
} as const;

export interface Verdict {
  /** `take`: as good, or better; `worse`: it works, less well; `broken`: it cannot be used. */
  verdict: 'take' | 'worse' | 'broken';
  /** Why not `take`, one sentence each. */
  why: string[];
}

/** Whether a new version may take the place of the current one, by what both did when they were tried. */
export function judge(now: Trial, next: Trial): Verdict {
  if (next.failure !== null) return { verdict: 'broken', why: [next.failure] };
  if (next.right === 0 && now.right > 0) {
    return {
      verdict: 'broken',
      why: [`none of its ${next.asked} answers is right; the current one had ${now.right}`],
    };
  }
  const why: string[] = [];
  if (next.right < now.right - tolerance.right) {
    why.push(`it gets ${next.right} of ${next.asked} questions right, the current one ${now.right}`);
  }
  const same = now.scores !== null && next.scores !== null ? agreement(now.scores, next.scores) : null;
  if (same !== null && same < tolerance.order) {
    why.push(
      `it ranks texts differently from the current one: agreement ${same.toFixed(2)}, where 1 is the same order`,
    );
  }
  if (next.speed !== null && now.speed !== null && next.speed < now.speed * tolerance.speed) {
    why.push(`it reaches ${next.speed.toFixed(0)} ${next.unit}, the current one ${now.speed.toFixed(0)}`);
  }
  const { firstToken: late } = next;
  const { firstToken: before } = now;
  if (late !== null && before !== null) {
    if (late > before * tolerance.firstToken + tolerance.firstTokenSeconds) {
      why.push(
        `it begins to answer after ${late.toFixed(1)} s, the current one after ${before.toFixed(1)} s`,
      );
    }
  }
  return { verdict: why.length === 0 ? 'take' : 'worse', why };
}
