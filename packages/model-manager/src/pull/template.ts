/**
 * Whether a chat template is in Jinja, which llama.cpp reads, rather than in Ollama's own (Go's text/template): Jinja
 * has statements in `{% %}`, and names `messages` without a dot.
 */
export function isJinja(template: string): boolean {
  return /\{%/.test(template) || /\{\{-?\s*(messages|bos_token)\b/.test(template);
}
