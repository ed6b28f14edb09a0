export { type Contents, type Package, readContents, type Suite, suites } from './contents';
export { keyringName, keysFolder, publicKeys, signingKey } from './key';
export { withLock } from './lock';
export { folderTarget, mirror, type MirrorTarget } from './mirror';
export { findDebs, type Outcome, promote, publish, type RepoOptions, withdraw } from './publish';
export { s3Target } from './s3';
export { serveFolder } from './serve';
export { sourcesFile } from './sources';
export { verifyTree } from './verify';
