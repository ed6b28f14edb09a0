" What a person does at the keyboard, in vim and in neovim alike: $TASK in the file that was opened, then save and leave.
set nocompatible nomore noswapfile
let &packpath = $PLACE .. (has('nvim') ? '/usr/share/nvim/site' : '/usr/share/vim/vimfiles')
let g:llama_config = {
    \ 'endpoint_fim': $ENDPOINT .. '/infill',
    \ 'endpoint_inst': $ENDPOINT .. '/v1/chat/completions',
    \ 'model_inst': $MODEL,
    \ }
packadd llama.cpp

" Look again and again until `Ready` is true, then type `keys`.
function! s:Type(keys, Ready) abort
    if a:Ready()
        return feedkeys(a:keys, 't')
    endif
    call timer_start(100, {-> s:Type(a:keys, a:Ready)})
endfunction

let s:leave = "\<Esc>:wqa\<CR>"

" Type a letter at the end of the line that begins with `return`, and take what is suggested.
function! s:Fill() abort
    call feedkeys("/return\<CR>Aa", 't')
    call s:Type("\<Tab>" .. s:leave, function('llama#is_fim_hint_shown'))
endfunction

" Copy another file's lines, and go on once they were sent ahead: the plug-in does so when nobody has typed for three seconds.
function! s:Remember() abort
    call feedkeys(":edit other.py\<CR>yG:edit #\<CR>", 't')
    call timer_start(8000, {-> s:Fill()})
endfunction

" Have the whole file rewritten.
function! s:Instruct() abort
    call feedkeys(":%LlamaInstruct\<CR>Rename add to plus\<CR>", 't')
    call s:Type("gg\<Tab>" .. s:leave, {-> execute('messages') =~ 'nothing' || filereadable($DONE)})
endfunction

autocmd VimEnter * ++once call function('s:' .. $TASK)()
