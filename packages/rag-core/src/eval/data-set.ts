/** A collection with questions whose answers are known. */
export interface DataSet {
  name: string;
  documents: Array<{ id: string; title: string; text: string }>;
  questions: Array<{ id: string; text: string }>;
  /** Of each question, the documents that answer it and how well: above 0, larger is better. */
  relevant: Map<string, Map<string, number>>;
}
