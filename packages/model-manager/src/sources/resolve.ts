import type { CatalogueFamily } from '@nanite/contracts';
import type { Reference } from '../references/reference';
import { readCatalogue, resolveCatalogue } from './catalogue';
import { resolveHuggingFace } from './huggingface';
import { resolvePath } from './local';
import { resolveOci } from './oci';
import type { ResolvedModel } from './resolved';
import { resolveUrl } from './url';

export interface ResolveOptions {
  /** Allows plain HTTP and addresses that are not public. */
  insecure: boolean;
  signal: AbortSignal;
  /** For the Hugging Face hub; HF_TOKEN of the environment without it. */
  token?: string;
  /** Instead of the installed one. */
  catalogue?: readonly CatalogueFamily[];
  /** Told what is being asked, where a person may wonder. */
  say?: (status: string) => void;
}

/**
 * Ask a reference's source what the model consists of: its files with sizes and digests as far as they are known, and
 * how to fetch each. No weights are fetched.
 *
 * @throws NaniteError as the source's function says
 */
export function resolve(reference: Reference, options: ResolveOptions): Promise<ResolvedModel> {
  switch (reference.kind) {
    case 'catalogue':
      return resolveCatalogue(
        reference,
        options.catalogue ?? readCatalogue(),
        (source) => resolve(source, { ...options, catalogue: [] }),
        options.say,
      );
    case 'oci':
      return resolveOci(reference, options);
    case 'huggingface':
      return resolveHuggingFace(reference, options);
    case 'url':
      return resolveUrl(reference, options);
    case 'path':
      return resolvePath(reference);
  }
}
