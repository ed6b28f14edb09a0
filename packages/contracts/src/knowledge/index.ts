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
export { Hit, Passage, SearchAnswer, SearchFilter, SearchRequest } from './search';
export { KnowledgeEvent, KnowledgeQuestion, Quotation, Source } from './answers';
export { ExportHeader, ExportedVector, ImportAnswer } from './exchange';
export { knowledgePaths } from './api';
export { KnowledgeClient } from './client';
