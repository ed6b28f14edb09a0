import { exportFrom, importInto } from '../sharing';
import { parseModelfile, printModelfile } from '../modelfile/modelfile';
import { fitReference, withFit } from '../fit';
import type { Extensions } from './extensions';

/** The parts of the package, put together. */
export const extensions: Extensions = {
  withFit,
  fit: fitReference,
  parseModelfile,
  printModelfile,
  import: importInto,
  export: exportFrom,
};
