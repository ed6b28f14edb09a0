import type { Log } from '@nanite/kit';
import { Bandwidth } from '../fit/bandwidth';
import { Known } from '../fit/known';
import { withFit } from '../fit/list';
import { parseModelfile, printModelfile } from '../modelfile/modelfile';
import type { PullTools } from '../pull';
import { parseReference } from '../references/reference';
import type { Extensions } from './extensions';

/**
 * The parts of the package, put together. What speaks to the network or examines files is loaded when it is first needed:
 * most who wake the service only ask what is here.
 *
 * @param onLearned called when more is known of whether models run here than before
 */
export function extensions(log: Log, onLearned: () => void = () => {}): Extensions {
  const known = new Known(onLearned);
  const bandwidth = new Bandwidth(log, onLearned);
  return {
    withFit: (models) => withFit(models, known, bandwidth),
    fit: async (puller, request, signal) =>
      (await import('../fit/reference')).fitReference(puller, request, bandwidth, signal),
    parseModelfile,
    printModelfile,
    import: async (...given) => (await import('../sharing')).importInto(...given),
    export: async (...given) => (await import('../sharing')).exportFrom(...given),
  };
}

export const pullTools: PullTools = {
  parseReference,
  resolve: async (...given) => (await import('../sources/resolve')).resolve(...given),
  fetchFile: async (...given) => (await import('../download/fetch')).fetchFile(...given),
  inspect: async (...given) => (await import('../gate/gate')).inspect(...given),
};
