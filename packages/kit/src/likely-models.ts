import { nearest } from './nearest';

const isQuantisation = /:[^:]*(-q\d|-f16|-fp16|-bf16)/i;

/**
 * The tags of a family among known names, without its quantisations, of which there are many.
 *
 * @param family such as `qwen2.5-coder`
 * @param known names with tags, such as `qwen2.5-coder:7b`
 */
export function tagsOfFamily(family: string, known: readonly string[]): string[] {
  const prefix = `${family}:`.toLowerCase();
  return known
    .filter((name) => name.toLowerCase().startsWith(prefix) && !isQuantisation.test(name))
    .map((name) => name.slice(prefix.length));
}

/** The known names that were probably meant by one that is not known, the likeliest first. */
export function likelyModels(name: string, known: readonly string[]): string[] {
  const [family = '', tag = ''] = name.split(':');
  const tags = tagsOfFamily(family, known);
  if (tags.length === 0) {
    return nearest(
      name,
      known.filter((each) => !isQuantisation.test(each)),
    );
  }
  const wanted = tag.toLowerCase();
  const begun = tag === '' ? [] : tags.filter((each) => each.toLowerCase().startsWith(wanted));
  const near = begun.length > 0 || tag === '' ? begun : nearest(tag, tags);
  return (near.length > 0 ? near : tags.slice(0, 3)).map((each) => `${family}:${each}`);
}
