declare module 'auth-header' {
  /** One challenge or credential of an Authorization or WWW-Authenticate header (RFC 7235). */
  export function parse(header: string): {
    scheme: string;
    params: Record<string, string | string[]>;
    token: string | string[] | null;
  };
}
