/** The titles around a place, as one goes through a document from its start. */
export interface HeadingStack {
  /** @param level from 1 */
  enter(level: number, title: string): void;
  /** Outermost first. */
  titles(): string[];
}

const longestTitle = 300;

export function headingStack(): HeadingStack {
  let open: { level: number; title: string }[] = [];
  let titles: string[] = [];
  return {
    enter(level, title) {
      open = open.filter((one) => one.level < level);
      if (title !== '') open.push({ level, title: title.slice(0, longestTitle) });
      titles = open.map((one) => one.title);
    },
    // One array for all blocks of a section: a document has many more blocks than sections.
    titles: () => titles,
  };
}
