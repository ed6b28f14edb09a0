/** Exit statuses of `nanite`, part of its interface. */
export const exitStatus = {
  ok: 0,
  error: 1,
  usage: 2,
  noModel: 3,
  unreachable: 4,
  busy: 5,
  mismatch: 6,
  notFound: 7,
  interrupted: 130,
  brokenPipe: 141,
} as const;

/** The table of the manual. */
export const exitStatusTable: ReadonlyArray<readonly [number, string]> = [
  [exitStatus.ok, 'Done.'],
  [exitStatus.error, 'Something failed; standard error says what.'],
  [exitStatus.usage, 'The command line, a setting or a file named there is wrong.'],
  [exitStatus.noModel, 'The model is not installed, or no model is.'],
  [exitStatus.unreachable, 'The service does not answer, or you are not allowed to use it.'],
  [exitStatus.busy, 'The service is busy or out of memory now: try again later.'],
  [exitStatus.mismatch, 'The answer does not match the JSON schema that was asked for.'],
  [exitStatus.notFound, 'Nothing was found, or your files do not say.'],
  [exitStatus.interrupted, 'Interrupted with Ctrl-C.'],
  [exitStatus.brokenPipe, 'Whatever was reading the answer stopped, as with `| head -1`.'],
];
