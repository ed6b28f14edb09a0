import { NaniteError } from '@nanite/kit';
import type { Extensions } from './extensions';

const missing = (what: string) => () => {
  throw new NaniteError('unsupported', `${what} is not built in yet`, { status: 501 });
};

/** The parts of the package, put together. */
export const extensions: Extensions = {
  withFit: (models) => models,
  fit: missing('fit'),
  parseModelfile: missing('reading Modelfiles'),
  printModelfile: () => '',
  import: missing('import'),
  export: missing('export'),
};
