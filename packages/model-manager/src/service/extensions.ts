import type {
  ExportRequest,
  FitAnswer,
  FitRequest,
  ImportRequest,
  ParsedModelfile,
  StoredModel,
} from '@nanite/contracts';
import type { Asked, Puller } from '../pull';
import type { Outcome } from './jobs';

/** What the service can do besides keeping and getting models. */
export interface Extensions {
  /** The same models, each with whether it runs here. */
  withFit(models: StoredModel[]): StoredModel[];
  fit(puller: Puller, request: FitRequest, signal: AbortSignal): Promise<FitAnswer>;
  parseModelfile(text: string): ParsedModelfile;
  printModelfile(model: StoredModel, template: string | null): string;
  import(puller: Puller, request: ImportRequest, asked: Asked): Promise<Outcome>;
  export(puller: Puller, request: ExportRequest, asked: Asked): Promise<Outcome>;
}
