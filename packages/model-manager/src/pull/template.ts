/**
 * Whether a chat template is in Jinja, which llama.cpp reads, rather than in Ollama's own (Go's text/template): Jinja
 * has statements in `{% %}`, and names `messages` without a dot.
 */
export function isJinja(template: string): boolean {
  // Neither is anything in Jinja.
  if (/\{\{-?\s*(?:[.$]|\/\*|(?:if|range|else|end)\b)/.test(template)) return false;
  return /\{%/.test(template) || /\{\{-?\s*(messages|bos_token)\b/.test(template);
}
