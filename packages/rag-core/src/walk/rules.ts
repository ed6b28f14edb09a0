import ignore, { type Ignore } from 'ignore';
import picomatch from 'picomatch';
import { clutter, privacyRules, tellingContent } from './privacy';

/** What a person chose for a collection; stored as JSON. */
export interface CollectionOptions {
  /** Only files that meet one of these, where there are any. */
  include: string[];
  /** Files and folders that meet one of these are left out. */
  exclude: string[];
  /** Whether .gitignore files are obeyed. */
  gitignore: boolean;
}

const matching = { dot: true } as const;

const never = () => false;
const anyOf = (globs: readonly string[], options: picomatch.PicomatchOptions): ((path: string) => boolean) =>
  globs.length === 0 ? never : picomatch([...globs], options);

/** The names a collection never takes by itself. */
const isPrivate = anyOf([...privacyRules.flatMap(({ names }) => names), ...clutter], {
  dot: true,
  nocase: true,
});

/** Whether a name is one that the privacy default leaves out. */
export const isPrivateName = (name: string): boolean => isPrivate(name);

/** Kind of a folder that is left out for what lies in it; null for any other. */
export function telling(names: ReadonlySet<string>): string | null {
  return tellingContent.find((rule) => rule.names.every((name) => names.has(name)))?.what ?? null;
}

/** As in .gitignore: a glob without a slash before or inside meets names in any folder. */
const anchored = (glob: string): string => {
  const inner = glob.replace(/^\.?\/+/, '').replace(/\/+(\*\*)?$/, '') || '**';
  return inner !== glob.replace(/\/+(\*\*)?$/, '') || inner.includes('/') || inner === '**'
    ? inner
    : `**/${inner}`;
};

/**
 * What of a collection's folder belongs to it, by name. Paths are relative to the folder, as text; bytes that are no
 * UTF-8 are U+FFFD there, which is enough to match on.
 */
export class Rules {
  private readonly included: (path: string) => boolean;
  private readonly excluded: (path: string) => boolean;
  /** Parts of paths that an include spells out: privacy lets these pass. */
  private readonly named: ReadonlySet<string>;
  private readonly onlyIncluded: boolean;
  readonly gitignore: boolean;

  constructor(options: CollectionOptions) {
    // An include of a folder means what lies in it.
    const include = options.include.flatMap((glob) =>
      /\/\**$/.test(glob) ? [`${anchored(glob)}/**`] : [anchored(glob)],
    );
    this.onlyIncluded = include.length > 0;
    this.included = anyOf(include, matching);
    this.excluded = anyOf(options.exclude.map(anchored), matching);
    this.named = new Set(
      include
        .flatMap((glob) => glob.split('/'))
        .filter((part) => part !== '' && !/[*?[\]{}()!+@\\]/.test(part)),
    );
    this.gitignore = options.gitignore;
  }

  private allowsName(name: string): boolean {
    return this.named.has(name) || !isPrivateName(name);
  }

  takesFile(path: string, name: string): boolean {
    if (!this.allowsName(name) || this.excluded(path)) return false;
    return !this.onlyIncluded || this.included(path);
  }

  entersFolder(path: string, name: string): boolean {
    return this.allowsName(name) && !this.excluded(path);
  }

  /** Whether what lies in a folder may keep us out of it: not where an include names the folder. */
  heedsContent(name: string): boolean {
    return !this.named.has(name);
  }
}

/** The .gitignore files from a collection's folder down to one inside it. */
export class GitIgnores {
  static readonly none = new GitIgnores([]);

  private constructor(private readonly files: ReadonlyArray<{ folder: string; rules: Ignore }>) {}

  /** @param folder relative path of the folder that the file lies in; empty for the collection's own */
  with(folder: string, text: string): GitIgnores {
    return new GitIgnores([...this.files, { folder, rules: ignore({ allowRelativePaths: true }).add(text) }]);
  }

  /** The innermost file that says something about a path decides, as with git. */
  ignores(path: string, isFolder: boolean): boolean {
    for (let at = this.files.length - 1; at >= 0; at--) {
      const { folder, rules } = this.files[at]!;
      const below = folder === '' ? path : path.slice(folder.length + 1);
      const verdict = rules.test(isFolder ? `${below}/` : below);
      if (verdict.ignored) return true;
      if (verdict.unignored) return false;
    }
    return false;
  }
}
