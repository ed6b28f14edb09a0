export { groupsOf, isMemberOf, mayAdminister, type Administration } from './administrators';
export { writeAtomically } from './atomic-file';
export { keepCapabilitiesToMyself } from './capabilities';
export { NaniteError, describeError } from './errors';
export { lastErrno, libcFunction } from './libc';
export { failureOf, refuse, sendJson } from './http/answer';
export { readBody } from './http/body';
export { findRoute, type Route } from './http/route';
export { createLog, type Log, type LogLevel } from './log';
export { inheritedSockets, isAnswering, listenOnFd, listenOnPath, listenOnTcp } from './listen';
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
export { nearest } from './nearest';
export { likelyModels, tagsOfFamily } from './likely-models';
export { runProgram } from './run-program';
export { issuesText, schemaErrorText } from './schema-issues';
export { serve, type ServeOptions } from './serve';
export { loadSettings, type LoadedSettings, type SettingOrigin, type SettingsOptions } from './settings';
export {
  settingsFiles,
  systemSettingsFile,
  userSettingsFile,
  type SettingLayer,
  type SettingsFile,
} from './settings-files';
export { formatKey, parseKey, type SettingPath } from './settings-key';
export {
  allowedText,
  describeSettings,
  schemaAt,
  schemaTree,
  type SettingDescription,
} from './settings-schema';
export { systemErrorText } from './system-error';
export { descriptorOf, unixPeer } from './unix-peer';
export {
  landlockWorks,
  runSandboxed,
  sandboxFailed,
  sandboxMissing,
  startSandboxed,
  type Ran,
  type Sandboxed,
  type SandboxedProcess,
  type SandboxedRun,
  type SandboxLimits,
} from './sandbox/sandbox';
