import { isLoopback } from '../identity/tcp-peer';

/**
 * Origins that may ask besides http(s) pages of loopback: desktop shells and editors whose pages have a scheme of their
 * own. The list is Ollama's default for OLLAMA_ORIGINS.
 */
const appSchemes = ['app:', 'file:', 'tauri:', 'vscode-webview:', 'vscode-file:'];

/** Host part of a Host header or a URL's authority: without port, brackets and the root's dot; lower case. */
export function hostName(authority: string): string {
  const name = authority.startsWith('[')
    ? authority.slice(1, authority.indexOf(']'))
    : authority.replace(/:\d*$/, '');
  return name.replace(/\.$/, '').toLowerCase();
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name);
}

/**
 * Whether a request over TCP is addressed to us. A web page whose name was pointed at 127.0.0.1 (DNS rebinding) sends
 * its own name here.
 */
export function hostAllowed(header: string | undefined, names: readonly string[]): boolean {
  // Only HTTP/1.0 may leave it out, and no browser speaks that.
  if (header === undefined) return true;
  const name = hostName(header);
  return isLocalName(name) || names.some((allowed) => allowed.toLowerCase() === name);
}

/** Whether `origin` matches a configured one; `*` stands for any characters but a slash. */
function matches(origin: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped}$`, 'i').test(origin);
}

/**
 * Whether a page may ask. No Origin: not a page's script, or one that cannot read the answer and sends no JSON.
 */
export function originAllowed(header: string | undefined, origins: readonly string[]): boolean {
  if (header === undefined) return true;
  if (origins.some((pattern) => matches(header, pattern))) return true;
  let url: URL;
  try {
    url = new URL(header);
  } catch {
    // `null`: a sandboxed frame, a data: or file: page, a redirect across origins.
    return false;
  }
  if (appSchemes.includes(url.protocol)) return true;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  const name = hostName(url.host);
  return isLocalName(name) || name === '0.0.0.0';
}
