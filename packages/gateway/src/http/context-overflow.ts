import { NaniteError } from '@nanite/kit';

/** A prompt that is longer than the context. Each API says it in the words that its clients look for (http/shapes.ts). */
export class ContextOverflow extends NaniteError {
  constructor(
    /** Tokens. */
    readonly promptTokens: number,
    /** Tokens. */
    readonly contextTokens: number,
  ) {
    super(
      'context-overflow',
      `the prompt is too long: its ${promptTokens} tokens exceed the context of ${contextTokens}`,
      { status: 400, hint: 'send less, or choose a model with a longer context' },
    );
  }
}
