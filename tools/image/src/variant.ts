import { NaniteError } from '@nanite/kit';
import { type Axes, namedPackages, valuesOf } from './package-lists';

/** Models on the medium: none, small ones, or one that can do more as well. */
export const modelsOnMedium = ['offline', 'small', 'none'] as const;
export type Models = (typeof modelsOnMedium)[number];

/** Which image of those that one configuration describes. */
export interface Variant {
  flavour: string;
  models: Models;
  /** Packages beyond those that the lists name. */
  extra: readonly string[];
  version: string;
}

export const axesOf = (variant: Variant): Axes => ({
  FLAVOUR: variant.flavour,
  MODELS: variant.models,
});

const nameOf: Record<Models, string[]> = { offline: [], small: ['small-models'], none: ['no-models'] };

/** A finished file's name without its ending: `nanite-0.1.0-desktop-amd64`, or `nanite-0.1.0-desktop-no-models-amd64`. */
export const imageName = ({ flavour, models, version }: Variant): string =>
  ['nanite', version, flavour, ...(flavour === plain ? [] : nameOf[models]), 'amd64'].join('-');

/** The flavour that is Debian alone, with the same groups of packages, to measure against. */
export const plain = 'plain';

/**
 * The packages that make a variant.
 *
 * @throws NaniteError `no-such-flavour` where the lists do not know it
 */
export function packagesOf(variant: Variant, lists: readonly string[]): string[] {
  const known = valuesOf('FLAVOUR', lists);
  if (!known.includes(variant.flavour)) {
    throw new NaniteError('no-such-flavour', `there is no flavour '${variant.flavour}'`, {
      hint: `there is ${known.join(', ')}; one of your own is a section of live-build/config/package-lists (docs/image.md)`,
    });
  }
  return [...lists.flatMap((list) => namedPackages(list, axesOf(variant))), ...variant.extra];
}
