export { answerFrom, usualLimits, type AnswerLimits, type AnswerParts } from './answer';
export { gatewayParts } from './parts';
