import { createServer, type Server } from 'node:http';
import { findRoute, groupsOf, NaniteError, readBody, refuse, sendJson, type Log } from '@nanite/kit';
import { withFilesOf } from './file-credentials';
import { mayRead } from './judge';
import { AccessQuestion } from './protocol';

/** Groups of a user are asked of the machine's database again after this long. */
const groupsMs = 2000;
/** Users whose groups are remembered. */
const mostUsers = 256;
/** Paths of up to 4,096 bytes, in Base64. */
const mostBytes = 16 * 1024 * 1024;

const routes = [{ method: 'POST', path: /^\/v1\/readable$/ }];

/**
 * Answers for nanite-rag what a user may read. It is a service of its own because to ask the kernel in the name of
 * somebody needs rights that a service which reads everybody's files should not have.
 *
 * @param now milliseconds
 */
export function createAccessApi(log: Log, now: () => number = Date.now): Server {
  const remembered = new Map<number, { groups: Promise<number[] | null>; until: number }>();

  function groups(uid: number): Promise<number[] | null> {
    const known = remembered.get(uid);
    if (known !== undefined && known.until > now()) return known.groups;
    if (remembered.size >= mostUsers) remembered.clear();
    const asked = groupsOf(uid);
    remembered.set(uid, { groups: asked, until: now() + groupsMs });
    return asked;
  }

  return createServer({ connectionsCheckingInterval: 3_600_000 }, (request, response) => {
    const work = async (): Promise<void> => {
      findRoute(routes, request);
      const { uid, files } = await readBody(request, AccessQuestion, mostBytes);
      const theirs = await groups(uid);
      // Groups can also take rights away (mode 0604): who is in none that we know of could see too much.
      if (theirs === null) {
        throw new NaniteError('unknown-user', `there is no user ${uid}`, { status: 403 });
      }
      sendJson(response, 200, { may: withFilesOf({ uid, groups: theirs }, () => files.map(mayRead)) });
    };
    work().catch((error: unknown) => refuse(log, request, response, error));
  });
}
