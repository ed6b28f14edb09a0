/**
 * What the errors of Node.js, of the kernel and of TLS mean, in a person's words. Each goes on from what was being done:
 * `cannot read notes.txt: there is no such file or folder`.
 */
const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of its path is a file, not a folder',
  EEXIST: 'it already exists',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EROFS: 'the file system is read-only',
  EFBIG: 'the file would be too large',
  EIO: 'the disk reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'there is not enough memory',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'the name is too long',
  EXDEV: 'the two are on different file systems',
  EBUSY: 'it is in use',
  ETXTBSY: 'it is in use',
  ENODEV: 'there is no such device',
  ENXIO: 'there is no such device',
  ENOEXEC: 'it is not a program',
  EPIPE: 'the other side closed the connection',
  ECONNRESET: 'the other side closed the connection',
  ECONNREFUSED: 'nothing answers there',
  ECONNABORTED: 'the connection was broken off',
  EHOSTUNREACH: 'the host cannot be reached',
  EHOSTDOWN: 'the host cannot be reached',
  ENETUNREACH: 'there is no network',
  ENETDOWN: 'there is no network',
  ETIMEDOUT: 'no answer came in time',
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAI_AGAIN: 'its name cannot be looked up; is there a network?',
  ENOTFOUND: 'no host has that name, or there is no network',
  EPROTO: 'the other side does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side does not speak TLS',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock of this machine right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate was issued by an authority that this machine does not know',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate was issued by an authority that this machine does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate was issued by an authority that this machine does not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate was issued by an authority that this machine does not know',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/**
 * What a failed system call means; null for anything that is none.
 *
 * @param error anything thrown; what Node.js throws for a system call has a `code`
 */
export function systemErrorText(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, hostname } = error as NodeJS.ErrnoException & { hostname?: unknown };
  if (typeof code !== 'string') return null;
  if (code === 'ENOTFOUND' && typeof hostname === 'string') {
    return `no host is called ${hostname}, or there is no network`;
  }
  return Object.hasOwn(words, code) ? (words[code] ?? null) : null;
}
