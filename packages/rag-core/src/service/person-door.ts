import { NaniteError } from '@nanite/kit';
import { ownView, type Door } from './view';

/** Lets in one person and nobody else, not even root. */
export const personDoor = (owner: () => number): Door => ({
  admit(peer) {
    // The socket's mode keeps others out already; a mode can be changed by accident.
    if (peer?.uid !== owner()) {
      throw new NaniteError('not-yours', "these are somebody else's files", { status: 403 });
    }
    return { view: ownView, allowChange: () => Promise.resolve(), leave: () => undefined };
  },
});
