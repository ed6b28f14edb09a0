export { FileType, Place } from './place';
export { describePlace, formatCitation, parseCitation, type Citation } from './citation';
export {
  Collection,
  CollectionList,
  CollectionName,
  CollectionProgress,
  CollectionRequest,
  FileAside,
  FileAsideList,
  KnowledgeStatus,
} from './collections';
export { KnowledgeScope, ScopeWish } from './scope';
export { Hit, Passage, SearchAnswer, SearchFilter, SearchRequest } from './search';
export { KnowledgeEvent, KnowledgeQuestion, Quotation, Source } from './answers';
export { ExportHeader, ExportedVector, ImportAnswer, exportVersion } from './exchange';
export { knowledgePaths } from './api';
export { AllKnowledge } from './all';
export { KnowledgeClient } from './client';
