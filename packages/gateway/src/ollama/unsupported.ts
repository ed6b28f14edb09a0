import { NaniteError } from '@nanite/kit';
import type { Handler } from '../context';

/** POST /api/push: nobody's weights leave this machine by a request. */
export const push: Handler = () => {
  throw new NaniteError('not-supported', 'Nanite does not push models to registries', {
    status: 501,
    hint: 'nanite models export puts one into a folder',
  });
};
