export { clutter, privacyRules, tellingContent, type PrivacyRule } from './privacy';
export {
  isGone,
  joinPath,
  readFolder,
  statFile,
  type Folder,
  type FolderContent,
  type FoundFile,
} from './read-folder';
export { GitIgnores, Rules, isPrivateName, type CollectionOptions } from './rules';
export { rootFolder, walk } from './walk';
