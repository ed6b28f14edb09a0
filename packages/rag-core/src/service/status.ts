import type { KnowledgeStatus } from '@nanite/contracts';
import { listCollections } from './collections';
import type { Service } from './service';
import type { View } from './view';

export async function status(service: Service, view: View): Promise<KnowledgeStatus> {
  const { answering, indexer } = service;
  const whole = await view.whole();
  return {
    collections: await listCollections(service, view),
    dense: { down: answering.denseDown(), model: answering.embeddingModel },
    rerank: { model: answering.rerankModel },
    watch: whole ? indexer.watch : { folders: 0, degraded: null },
  };
}
