/** Where Ollama's names live when they say nothing else. */
const implied = ['registry.ollama.ai/', 'library/'];

/** A model's name without the registry and the namespace that Ollama's names imply: `library/llama3` is `llama3`. */
export function ollamaName(name: string): string {
  return implied.reduce(
    (rest, prefix) => (rest.toLowerCase().startsWith(prefix) ? rest.slice(prefix.length) : rest),
    name,
  );
}
