export { NaniteError, describeError } from './errors';
export { createLog, type Log, type LogLevel } from './log';
export { inheritedSockets, listenOnFd, listenOnPath, listenOnTcp } from './listen';
export {
  etcDir,
  libDir,
  runtimeDir,
  shareDir,
  socketPath,
  stateDir,
  userConfigDir,
  userStateDir,
} from './paths';
