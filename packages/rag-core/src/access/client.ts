import { requestOverSocket } from '@nanite/contracts';
import { socketPath } from '@nanite/kit';
import { AccessAnswer, mostAtOnce } from './protocol';

/** A file system that does not answer, such as a server that is down, is not waited for longer. */
const mostMs = 10_000;

/** A file that is asked about, or with `identity: null` a folder. */
export interface Asked {
  path: Buffer;
  identity: string | null;
}

/** Says which files a user may read now. */
export interface Access {
  /** One answer for each file, in their order. @throws ApiFailure where nobody can tell: then nothing is shown */
  may(uid: number, files: readonly Asked[]): Promise<boolean[]>;
}

/** The service that asks the kernel: nanite-rag-access. */
export class AccessService implements Access {
  constructor(private readonly socket: string = socketPath('rag-access')) {}

  async may(uid: number, files: readonly Asked[]): Promise<boolean[]> {
    const signal = AbortSignal.timeout(mostMs);
    const all: boolean[] = [];
    for (let at = 0; at < files.length; at += mostAtOnce) {
      const part = files.slice(at, at + mostAtOnce);
      const body = {
        uid,
        files: part.map(({ path, identity }) => ({ path: path.toString('base64'), identity })),
      };
      const answer = await requestOverSocket({ socketPath: this.socket, method: 'POST', path: '/v1/readable', body, signal }); // prettier-ignore
      const { may } = AccessAnswer.parse(answer);
      if (may.length !== part.length) throw new Error('nanite-rag-access answered for other files');
      all.push(...may);
    }
    return all;
  }
}
