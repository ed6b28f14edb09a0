export type { Embedder, Purpose } from './embedder';
export { GatewayEmbedder, type GatewayEmbedderOptions } from './gateway-embedder';
export { prompted } from './prompts';
export { englishModel, manyLanguagesModel, usualModel } from './usual';
