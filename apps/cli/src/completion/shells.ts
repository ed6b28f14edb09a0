/**
 * Completion for the shells. Each asks `nanite __complete` what can stand at the cursor, so that the scripts know no
 * command and commands of other packages need none of their own (see docs/decisions/0061).
 */

const bash = `# Completion of nanite for bash.
_nanite() {
    local cur prev words cword
    # Names of models hold colons, at which readline would cut the word.
    _comp_get_words -n =: cur prev words cword 2>/dev/null || _get_comp_words_by_ref -n =: cur prev words cword || return
    local line files=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
        else
            line=\${line%%$'\\t'*}
            COMPREPLY+=("$(printf %q "$line")")
            [[ \${COMPREPLY[-1]} == *\\\\:* ]] && COMPREPLY[-1]=$line
        fi
    done < <("\${words[0]}" __complete -- "\${words[@]:1:cword}" 2>/dev/null)
    if [[ $files ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
    fi
    [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
    _comp_ltrim_colon_completions "$cur" 2>/dev/null || __ltrim_colon_completions "$cur" 2>/dev/null
    return 0
}
complete -F _nanite nanite
`;

const zsh = `#compdef nanite
# Completion of nanite for zsh.
_nanite() {
    local line value description
    local -a described plain
    local files=0
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
            continue
        fi
        value=\${line%%$'\\t'*}
        description=\${line#*$'\\t'}
        # _describe takes the first colon that is not quoted for the end of the value.
        if [[ -n $description ]]; then
            described+=("\${value//:/\\\\:}:$description")
        else
            plain+=("$value")
        fi
    done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
    (( \${#described} )) && _describe -t values nanite described
    (( \${#plain} )) && compadd -a plain
    (( files )) && _files
    return 0
}
_nanite "$@"
`;

const fish = `# Completion of nanite for fish.
function __nanite_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words[1] __complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo -- $line
        end
    end
end
complete -c nanite -f -a '(__nanite_complete)'
`;

/** Scripts by shell, and the name under which it looks for them. */
export const completionScripts: Readonly<Record<string, string>> = {
  'bash/nanite': bash,
  'zsh/_nanite': zsh,
  'fish/nanite.fish': fish,
};
