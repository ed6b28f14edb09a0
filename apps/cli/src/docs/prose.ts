import { slashCommands } from '../chat/slash-commands';

export interface Section {
  title: string;
  /** Markdown as lowdown reads it. */
  text: string;
}

/** Sections of the manual that no table can give, by page. */
export const prose: Readonly<Record<string, readonly Section[]>> = {
  nanite: [
    {
      title: 'DESCRIPTION',
      text:
        '**nanite** asks language models that run on this machine. Nothing leaves the machine unless the administrator ' +
        'allowed it.\n\n' +
        'It needs no configuration: the most able installed model that this machine runs quickly answers. The services ' +
        'behind it start when they are asked and end when they are idle; **nanite status** shows them.\n\n' +
        'Answers go to standard output and everything else to standard error. Colour, the spinner and the line with the ' +
        'speed appear on a terminal only.',
    },
    {
      title: 'FOR USERS OF OLLAMA',
      text:
        '**nanite run**, **pull**, **list**, **ls**, **ps**, **show**, **stop**, **cp**, **rm** and **create** do what they do in ' +
        '**ollama**. All but the first are short for **nanite models** with the same word.',
    },
    {
      title: 'COMMANDS OF OTHER PACKAGES',
      text:
        'Packages add commands by a file in */usr/share/nanite/commands*. **nanite help** lists those that are ' +
        'installed; each has a manual page of its own.',
    },
    {
      title: 'ENVIRONMENT',
      text: [
        '**NANITE_HOST**\n:   Where to ask, in place of the socket of this machine: a URL, *host:port*, or the path of a unix ' +
          "socket. Any server of Ollama's API will do.",
        '**NANITE_TOKEN**\n:   Token for **NANITE_HOST**.',
        '**NANITE_RUNTIME_DIR**\n:   Folder of the sockets, */run/nanite*.',
        '**NO_COLOR**\n:   No colour, if it is set and not empty.',
        '**NANITE_DEBUG**\n:   Print where in the program an error arose.',
        '**XDG_CONFIG_HOME**, **XDG_STATE_HOME**\n:   In place of *~/.config* and *~/.local/state*.',
      ].join('\n\n'),
    },
    {
      title: 'FILES',
      text: [
        '*/run/nanite/gateway.sock*\n:   Where the service answers.',
        '*/etc/nanite/config.yaml*, */etc/nanite/config.d/\\*.yaml*\n:   Settings of the machine, **nanite-config**(5).',
        '*~/.config/nanite/config.yaml*\n:   Your settings.',
        '*~/.local/state/nanite/chat-history*, *~/.local/state/nanite/chats/*\n:   What you typed in **nanite chat**, and ' +
          'the conversations you saved. Readable by you only.',
      ].join('\n\n'),
    },
  ],
  'nanite-open': [
    {
      title: 'PROGRAMS',
      text:
        'Pages open in the program that the desktop has for the file (**xdg-mime**(1)); Evince, Atril, Papers, Okular, ' +
        'Zathura, MuPDF, Xpdf, qpdfview, Firefox and Chromium are told the page. Lines open in the editor of the desktop, ' +
        'in *$VISUAL* or in *$EDITOR*. Where a program cannot be told the place, the place is printed. Without a desktop, ' +
        'pages are shown as text in *$PAGER*; where there is no editor either, the cited lines are printed.',
    },
  ],
  'nanite-knowledge': [
    {
      title: 'CITATIONS',
      text:
        'An answer of **nanite ask --knowledge** is made of sentences that a passage of your files supports: its words, ' +
        'names and numbers stand there, and so do the nouns, names and numbers of your question. Sentences of the model ' +
        'that no passage supports are left out and counted. Where the model says nothing that holds, or no model is ' +
        'installed, the closest passages are quoted, which is not an answer: the exit status is 7. Where nothing in your files ' +
        'is about the question, or the passages do not mention a word that it hangs on, no model is asked, and the answer ' +
        'is *Not in your files*.\n\n' +
        'The check looks at form: it cannot tell when a model turns the words of one passage into something else. That is ' +
        'why the quoted passage is shown.',
    },
    {
      title: 'FILES',
      text: [
        '*~/.local/state/nanite/knowledge/*\n:   The index. It can be deleted: it is made again from your files.',
        '*~/.local/state/nanite/citations.json*\n:   What the numbers of **nanite open** mean.',
      ].join('\n\n'),
    },
  ],
  'nanite-ask': [
    {
      title: 'CONTEXT',
      text:
        'Files given with **--file** and, beside a question on the command line, standard input are put before the ' +
        'question, each under its name. Images go to the model as images, which a model that can see understands. ' +
        'Files of other kinds are refused: convert them to text first.\n\n' +
        'Standard input is read whenever it is a pipe or a file. A script that leaves a pipe open there makes **nanite ' +
        'ask** wait for its end; **--no-stdin** or *< /dev/null* prevents that.',
    },
    {
      title: 'JSON',
      text:
        'With **--json** one object is printed: **model**, **answer**, **finish** (**stop**, **length** for an ' +
        'answer that was cut off, **loop** for one that was stopped because it repeated itself), **tokens** (**prompt**, **answer**) and **timings** in milliseconds (**total**, ' +
        '**load**, **prompt**, **answer**, and **tokensPerSecond**); **thinking** where the model did; **value**, the ' +
        'answer as a value, with **--schema**. Errors are objects too, on standard error: **error** with **code**, ' +
        '**message** and **hint**.\n\n' +
        'With **--schema** the model can only write what the schema allows, and the answer is checked once more before ' +
        'anything is printed. An answer that was cut off does not match: exit status 6.',
    },
  ],
  'nanite-chat': [
    {
      title: 'KEYS',
      text: [
        '**Enter**\n:   Send. After a backslash, or between two """, it begins a new line. Pasted lines stay together.',
        '**Ctrl-C**\n:   Stop the answer; while typing, empty the line.',
        '**Ctrl-D**\n:   Leave.',
        '**Up**, **Down**, **Ctrl-R**\n:   Earlier entries. One that begins with a space is not remembered.',
        '**Tab**\n:   Complete commands and names of models.',
      ]
        .join('\n\n')
        .replace(', **Ctrl-R**', ''),
    },
    {
      title: 'COMMANDS',
      text: slashCommands
        .map(
          ([name, argument, does]) =>
            `**/${name}**${argument === '' ? '' : ` *${argument.replace(/[[\]]/g, '')}*`}\n:   ${does[0]?.toUpperCase()}${does.slice(1)}.`,
        )
        .join('\n\n'),
    },
    {
      title: 'WITHOUT A TERMINAL',
      text:
        'Where standard input is a pipe or a file, each entry is answered in turn, without prompts. The first failure ' +
        'ends it with its exit status.',
    },
  ],
  'nanite-status': [],
  'nanite-gpu': [],
  'nanite-models': [
    {
      title: 'REFERENCES',
      text: [
        '**llama3.1:8b**\n:   A name of the catalogue (**nanite models search**); else of the Ollama registry.',
        '**ollama://***host*/*namespace*/*name*:*tag*\n:   A model in any OCI registry that holds it as Ollama does.',
        '**hf://***org*/*repository*:*quantisation*, **hf://***org*/*repository*:*file*\n:   Hugging Face; parts of a split ' +
          'GGUF belong together. A revision stands after the repository: **@**.',
        '**https://***address***#sha256=***digest*\n:   A file, refused if it has another digest.',
        '**./model.gguf**\n:   A file of yours.',
      ].join('\n\n'),
    },
    {
      title: 'WHO MAY',
      text:
        'Everybody can list, show, search and export models. To change the models of the machine you must be in the group ' +
        '**nanite**; otherwise polkit asks for the password of an administrator. Each change is logged with who made it.',
    },
    {
      title: 'MODELS AS PACKAGES',
      text:
        'Some models are Debian packages: **apt search nanite-model** lists them, **apt install** installs one, and it ' +
        'can be asked at once. They are listed beside the others, and apt removes them.',
    },
    {
      title: 'JSON',
      text:
        'With **--json** one object is printed; those that take time (**pull**, **create**, **verify**, **import**, ' +
        '**export**, **share**) print a line for each step: **status**, **digest**, **total**, **completed**, **rate** ' +
        'in bytes a second, **eta** in seconds, **job**; the last has the status **success**, the model, and what came ' +
        'of it as **result**. Errors are objects on standard error.',
    },
  ],
  'nanite-config': [
    {
      title: 'VALUES',
      text:
        'A value is text, a number, **true**, **false** or **null**. Lists and maps are given as YAML: ' +
        "**'[chat.example, ai.example]'**. A change is refused, and nothing is written, unless all settings are right " +
        'afterwards.\n\n' +
        'Services read their settings when they start: **systemctl restart nanite-gateway nanite-engine** puts a change ' +
        'into effect at once.',
    },
  ],
  'nanite-serve': [
    {
      title: 'PLACES',
      text:
        'As root the sockets are in */run/nanite* and state is in */var/lib/nanite*, as with systemd; else in ' +
        '*$XDG_RUNTIME_DIR/nanite* and *~/.local/state/nanite*, where **nanite** of the same user finds them. ' +
        '**NANITE_RUNTIME_DIR** and **NANITE_STATE_DIR** name other places.',
    },
  ],
};

/** Pages that a page refers to, besides nanite(1). */
export const seeAlso: Readonly<Record<string, readonly string[]>> = {
  nanite: ['nanite-config(5)', 'nanite-gateway(8)', 'nanite-engine(8)'],
  'nanite-ask': ['nanite-chat(1)', 'nanite-config(5)'],
  'nanite-chat': ['nanite-ask(1)', 'nanite-config(5)'],
  'nanite-status': ['nanite-gateway(8)', 'nanite-engine(8)'],
  'nanite-gpu': ['nanite-gpu-detect(1)'],
  'nanite-models': ['nanite-status(1)', 'nanite-gpu(1)'],
  'nanite-config': ['nanite-config(5)'],
  'nanite-serve': ['nanite-gateway(8)', 'nanite-engine(8)'],
};
