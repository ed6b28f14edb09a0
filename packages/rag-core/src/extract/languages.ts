/** Programming languages by the ends of names; those with a grammar are read by symbol. */
interface Language {
  name: string;
  /** Name of the grammar, `tree-sitter-<grammar>.wasm`; null where none is shipped. */
  grammar: string | null;
  extensions: readonly string[];
}

const language = (name: string, grammar: string | null, extensions: string): Language => ({
  name,
  grammar,
  extensions: extensions.split(' '),
});

const languages: readonly Language[] = [
  language('bash', 'bash', 'sh bash zsh ksh bats'),
  language('c', 'cpp', 'c h'),
  language('cpp', 'cpp', 'cc cpp cxx c++ hh hpp hxx h++ ino cu cuh'),
  language('csharp', 'c-sharp', 'cs'),
  language('css', 'css', 'css'),
  language('go', 'go', 'go'),
  language('java', 'java', 'java'),
  language('javascript', 'javascript', 'js mjs cjs jsx'),
  language('php', 'php', 'php phtml'),
  language('powershell', 'powershell', 'ps1 psm1'),
  language('python', 'python', 'py pyi pyw'),
  language('ruby', 'ruby', 'rb rake gemspec'),
  language('rust', 'rust', 'rs'),
  language('tsx', 'tsx', 'tsx'),
  language('typescript', 'typescript', 'ts mts cts'),
  language('kotlin', null, 'kt kts'),
  language('swift', null, 'swift'),
  language('scala', null, 'scala sc'),
  language('lua', null, 'lua'),
  language('perl', null, 'pl pm'),
  language('r', null, 'r'),
  language('sql', null, 'sql'),
  language('haskell', null, 'hs'),
  language('ocaml', null, 'ml mli'),
  language('elixir', null, 'ex exs'),
  language('erlang', null, 'erl hrl'),
  language('dart', null, 'dart'),
  language('zig', null, 'zig'),
  language('nix', null, 'nix'),
  language('vue', null, 'vue svelte'),
  language('scss', null, 'scss sass less'),
  language('make', null, 'mk'),
  language('cmake', null, 'cmake'),
  language('fortran', null, 'f f90 f95 for'),
  language('julia', null, 'jl'),
  language('clojure', null, 'clj cljs cljc'),
  language('lisp', null, 'lisp el scm'),
  language('groovy', null, 'groovy gradle'),
  language('terraform', null, 'tf'),
  language('protobuf', null, 'proto'),
  language('graphql', null, 'graphql gql'),
  language('assembly', null, 's asm'),
];

const byName: Record<string, string> = {
  makefile: 'make',
  gnumakefile: 'make',
  dockerfile: 'dockerfile',
  containerfile: 'dockerfile',
  'cmakelists.txt': 'cmake',
  rakefile: 'ruby',
  gemfile: 'ruby',
};

const byInterpreter: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(?:ba|da|z|k)?sh$/, 'bash'],
  [/^python[\d.]*$/, 'python'],
  [/^(?:node|nodejs|deno|bun|gjs)$/, 'javascript'],
  [/^ruby[\d.]*$/, 'ruby'],
  [/^perl[\d.]*$/, 'perl'],
  [/^php[\d.]*$/, 'php'],
];

const byExtension = new Map(languages.flatMap((one) => one.extensions.map((extension) => [extension, one])));

/**
 * The programming language of a file, and its grammar; null where it is not code.
 *
 * @param name last part of its path
 * @param start of its text, of which a first line `#!` tells the language of programs without extension
 */
export function languageOf(name: string, start: string): { name: string; grammar: string | null } | null {
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase();
  const known = extension === undefined ? undefined : byExtension.get(extension);
  if (known) return { name: known.name, grammar: known.grammar };
  const named = byName[name.toLowerCase()] ?? interpreter(start);
  if (!named) return null;
  return { name: named, grammar: languages.find((one) => one.name === named)?.grammar ?? null };
}

function interpreter(start: string): string | null {
  const program = /^#!\s*\S*\/(?:env\s+(?:-S\s+)?)?([\w.+-]+)/.exec(start)?.[1];
  return (program && byInterpreter.find(([pattern]) => pattern.test(program))?.[1]) ?? null;
}
