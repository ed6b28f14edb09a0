import { NaniteError, libcFunction } from '@nanite/kit';

type Id = (id: number) => number;
type SetGroups = (count: number, groups: Uint32Array) => number;

interface Calls {
  setfsuid: Id;
  setfsgid: Id;
  setgroups: SetGroups;
}

let loaded: Calls | undefined;

const calls = (): Calls =>
  (loaded ??= {
    setfsuid: libcFunction<Id>('int setfsuid(uint32_t uid)'),
    setfsgid: libcFunction<Id>('int setfsgid(uint32_t gid)'),
    setgroups: libcFunction<SetGroups>('int setgroups(size_t count, const uint32_t *groups)'),
  });

/** Neither a user nor a group: asked for, setfsuid(2) changes nothing and says what is. */
const nobodyAtAll = 0xffffffff;

export interface FileCredentials {
  uid: number;
  /** All groups, the main one first. */
  groups: readonly number[];
}

/**
 * Do something with files as another user: the kernel judges what this thread does with files by that user's id and
 * groups, as it does for NFS servers (setfsuid(2), credentials(7)). Needs CAP_SETUID and CAP_SETGID, and no capability that
 * concerns files.
 *
 * The process never belongs to that user: they cannot stop it, trace it or change what it answers, as they could a
 * process that runs as them.
 *
 * @param work must be done when it returns: what it left to other threads they do as this service
 * @throws NaniteError `cannot-be-them` 500 where the kernel does not let
 */
export function withFilesOf<T>({ uid, groups }: FileCredentials, work: () => T): T {
  const { setfsuid, setfsgid } = calls();
  const before = { uid: setfsuid(nobodyAtAll), gid: setfsgid(nobodyAtAll) };
  try {
    become(uid, groups[0]!, groups);
    return work();
  } finally {
    become(before.uid, before.gid, []);
  }
}

function become(uid: number, gid: number, groups: readonly number[]): void {
  const { setfsuid, setfsgid, setgroups } = calls();
  const changed = setgroups(groups.length, Uint32Array.from(groups)) === 0;
  setfsgid(gid);
  setfsuid(uid);
  // These two answer with what was, and never with an error.
  if (changed && setfsgid(nobodyAtAll) === gid && setfsuid(nobodyAtAll) === uid) return;
  throw new NaniteError('cannot-be-them', `the kernel does not let files be judged as for user ${uid}`);
}
