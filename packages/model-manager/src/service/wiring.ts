import { NaniteError } from '@nanite/kit';
import { exportFrom, importInto } from '../sharing';
import { parseModelfile, printModelfile } from '../modelfile/modelfile';
import type { Extensions } from './extensions';

const missing = (what: string) => () => {
  throw new NaniteError('unsupported', `${what} is not built in yet`, { status: 501 });
};

/** The parts of the package, put together. */
export const extensions: Extensions = {
  withFit: (models) => models,
  fit: missing('fit'),
  parseModelfile,
  printModelfile,
  import: importInto,
  export: exportFrom,
};
