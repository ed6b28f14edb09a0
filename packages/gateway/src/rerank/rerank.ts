import { RerankRequest, WorkerRerank, type RerankResponse } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Handler } from '../context';
import { needCapability } from '../chat/capability';
import { ollamaTarget } from '../ollama/target';
import { fetchWhole } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import type { Session } from '../upstream/session';
import type { Target } from '../models/target';
import { relevanceOf } from './relevance';
import { shortened } from './shortened';

interface Pairs {
  query: string;
  documents: string[];
}

async function ask(
  session: Session,
  body: Pairs & { model?: string; truncate?: boolean },
  signal: AbortSignal,
): Promise<WorkerRerank> {
  const request = { method: 'POST', path: '/v1/rerank', body: JSON.stringify(body) } as const;
  const answer = await fetchWhole(session.upstream, request, signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  const read = WorkerRerank.parse(JSON.parse(text));
  const indices = new Set(read.results.map(({ index }) => index));
  if (read.results.length !== body.documents.length || indices.size !== body.documents.length) {
    throw new NaniteError(
      'worker-error',
      `${session.upstream.name} judged ${indices.size} of ${body.documents.length} texts`,
      { status: 502 },
    );
  }
  return read;
}

/** Judge all pairs; what is too long for the model is cut first, unless that is not wanted. */
async function judge(
  session: Session,
  target: Target,
  pairs: Pairs,
  truncate: boolean,
  signal: AbortSignal,
): Promise<WorkerRerank> {
  const named = target.kind === 'backend' ? { model: target.model } : {};
  const { plan } = session;
  if (plan?.runtime === 'onnx') return ask(session, { ...pairs, truncate }, signal);
  try {
    return await ask(session, { ...pairs, ...named }, signal);
  } catch (error) {
    const overflow = error instanceof NaniteError && error.code === 'context-overflow';
    if (!overflow || !truncate || plan === null) throw error;
    const documents = await shortened(session, pairs.query, pairs.documents, plan.context, signal);
    return ask(session, { query: pairs.query, documents }, signal);
  }
}

/** @throws NaniteError 400 `not-supported` where who answers cannot rerank */
function checkTarget(target: Target): void {
  if (target.kind === 'local') needCapability(target.entry.manifest, ['rerank'], 'reranking');
  else if (target.backend.kind === 'ollama') {
    throw new NaniteError(
      'not-supported',
      `the backend ${target.backend.name} is an Ollama, which does not rerank`,
      {
        status: 400,
        hint: 'use a reranker of this machine: nanite models search rerank',
      },
    );
  }
}

/**
 * POST /v1/rerank and /api/rerank: documents in the order in which they answer a query, in the form of Jina, Cohere and vLLM.
 *
 * @param lenient whether JSON is taken under any content type, as Ollama's endpoints do
 */
export function rerank(lenient: boolean): Handler {
  return async (exchange, context) => {
    const { value } = await context.bodies.json(exchange, lenient);
    const request = RerankRequest.parse(value);
    exchange.model = request.model;
    const { target, keepAlive } = await ollamaTarget(context, request);
    checkTarget(target);
    const documents = request.documents.map((each) => (typeof each === 'string' ? each : each.text));
    const { signal, identity } = exchange;
    const { results, usage } = await context.sessions.use(
      target,
      { keepAliveMs: keepAlive, uid: identity.uid, signal },
      (session) =>
        judge(session, target, { query: request.query, documents }, request.truncate ?? true, signal),
    );
    const answer: RerankResponse = {
      model: request.model,
      results: results
        .map(({ index, relevance_score }) => ({
          index,
          relevance_score: relevanceOf(target, relevance_score),
          ...(request.return_documents === true && { document: { text: documents[index]! } }),
        }))
        // Where two are alike the order of the documents stands, so that the same question has the same answer.
        .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
        .slice(0, request.top_n ?? documents.length),
      usage: { prompt_tokens: usage?.prompt_tokens ?? 0, total_tokens: usage?.total_tokens ?? 0 },
    };
    exchange.json(answer);
  };
}
