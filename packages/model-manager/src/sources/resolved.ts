import type { ModelManifest } from '@nanite/contracts';

/** Where the bytes of a file can be had right now. */
export interface Location {
  url: string;
  /** Sent to this URL's host only; a redirect to another host loses them. */
  headers: Record<string, string>;
  /** Whether plain HTTP and addresses that are not public are allowed for it. */
  insecure?: boolean;
}

export interface ResolvedFile {
  role: ModelManifest['files'][number]['role'];
  /** The file's name at its source, without folders. */
  name: string;
  /** Bytes; null where the source does not say. */
  size: number | null;
  /** Null where nobody has named the digest: what arrives first is then believed. */
  sha256: string | null;
  /** Where it is; asks again each time, for URLs expire. */
  locate(): Promise<Location>;
  /** A file of this machine, to be taken without a download. */
  path?: string;
}

/**
 * Who vouches for the bytes:
 * - `reference`: the digest (or the commit) was in what the person wrote, or the installed catalogue pins it;
 * - `source`: the source named a digest before the first byte, over TLS; it may name another one tomorrow;
 * - `first-use`: nobody did, so what arrives first is believed and pinned from then on.
 */
export type Trust = 'reference' | 'source' | 'first-use';

export interface ResolvedModel {
  /** The name that it gets unless the person gives another one. */
  name: string;
  /** For the manifest: a reference that means exactly this content as far as the source can say so. */
  source: string;
  /** Every file's digest is known before its first byte. */
  pinned: boolean;
  trust: Trust;
  files: ResolvedFile[];
  /** What the source says of the model; what the gate reads in the weights wins. */
  hints: Partial<
    Pick<
      ModelManifest,
      'description' | 'licence' | 'parameters' | 'system' | 'capabilities' | 'contextLength'
    >
  > & {
    template?: string;
    licenceText?: string;
    messages?: Array<{ role: string; content: string }>;
  };
}
