import { OpenAiEmbeddingRequest, WorkerEmbeddings } from '@nanite/contracts';
import { needCapability } from '../chat/capability';
import type { Handler } from '../context';
import { findTarget } from '../models/target';
import { shortened } from '../ollama/embed';
import { fetchWhole } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import { relay } from '../upstream/relay';
import { toBackend } from './backend';
import { withoutNulls } from '../chat/for-worker';

/** Little-endian floats of 32 bits, as OpenAI's clients ask for them. */
const base64 = (vector: readonly number[]): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString('base64');

/** POST /v1/embeddings */
export const openAiEmbeddings: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, false);
  const { model, dimensions, encoding_format: format } = OpenAiEmbeddingRequest.parse(value);
  exchange.model = model;
  const target = await findTarget(model, context.catalogue, context.backends);
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  needCapability(target.entry.manifest, ['embedding'], 'embeddings');
  const { dimensions: _, encoding_format: __, ...rest } = withoutNulls(value);
  const options = { uid: exchange.identity.uid, signal: exchange.signal };
  const call = (body: object) =>
    ({ method: 'POST', path: exchange.path, body: JSON.stringify(body) }) as const;
  await context.sessions.use(target, options, async (session) => {
    if (dimensions === null || dimensions === undefined) {
      return relay(exchange, session, call({ ...rest, ...(format && { encoding_format: format }) }));
    }
    const answer = await fetchWhole(session.upstream, call(rest), exchange.signal);
    const text = answer.body.toString('utf8');
    if (answer.status >= 400) throw upstreamError(answer.status, text);
    const { data, ...others } = WorkerEmbeddings.loose().parse(JSON.parse(text));
    exchange.json({
      ...others,
      object: 'list',
      model,
      data: data.map(({ index, embedding }) => {
        const vector = shortened(embedding, dimensions);
        return { object: 'embedding', index, embedding: format === 'base64' ? base64(vector) : vector };
      }),
    });
  });
};
