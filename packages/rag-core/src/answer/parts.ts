import type { GatewayClient } from '@nanite/contracts';
import type { AnswerParts } from './answer';

/** The parts of an answer that the gateway gives: a model, and what it says. */
export const gatewayParts = (gateway: GatewayClient): Pick<AnswerParts, 'chat' | 'model'> => ({
  chat: (request, signal) => gateway.chat(request, signal),
  model: (signal) => gateway.defaultModel(signal),
});
