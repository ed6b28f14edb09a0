/** Examples by command: a line and what it does. Shown by --help and in the manual. */
export const examples: Readonly<Record<string, ReadonlyArray<readonly [line: string, does: string]>>> = {
  'nanite ask': [
    ['nanite ask Why is the sky blue', 'Ask something.'],
    [
      'git diff | nanite ask "Write a commit message for this change"',
      'Ask about what another program prints.',
    ],
    ['nanite ask -f notes.txt -f plan.md "What is left to do?"', 'Ask about files.'],
    ['nanite ask --knowledge "When does the lease end?"', 'Ask your own files, with citations.'],
    ['nanite ask --json "Name a colour" | jq -r .answer', 'Use the answer in a program.'],
    [
      `nanite ask --schema '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}' "Where is the Louvre?"`,
      'Get a value of a given shape.',
    ],
  ],
  'nanite chat': [
    ['nanite chat', 'Talk with the default model.'],
    ['nanite chat -s "Answer in French"', 'Say how it should answer.'],
  ],
  'nanite search': [
    ['nanite search contract notice period', 'Find passages.'],
    ['nanite search -t pdf --after 2026-01-01 invoice', 'Only in PDF files of this year.'],
    ['nanite search --json budget | jq -r .hits[].passage.uri', 'Use the results in a program.'],
  ],
  'nanite open': [
    ['nanite open 1', 'Open the first source of the last answer or search.'],
    ['nanite open file:///home/ada/thesis.pdf#page=3', 'Open a citation that you kept.'],
    ['nanite open --with evince 1', 'Choose the program.'],
  ],
  'nanite knowledge': [
    ['nanite knowledge add ~/Documents ~/notes', 'Make a collection of two folders.'],
    ['nanite knowledge add --name thesis --exclude "*.bak" ~/thesis', 'Give it a name, leave something out.'],
    ['nanite knowledge', 'See how far indexing is.'],
    ['sudo nanite knowledge add --team /srv/handbook', 'Share a folder with everybody who may read it.'],
    ['nanite knowledge show Documents', 'See what could not be read, and why.'],
  ],
  'nanite status': [['nanite status --json | jq .loaded', 'List the loaded models, for a program.']],
  'nanite models': [
    ['nanite models', 'List the installed models.'],
    ['nanite models show smollm2:135m', 'Show everything about one of them.'],
    ['nanite models search code', 'Find models for programming.'],
    ['nanite models fit qwen2.5-coder:7b', 'Check whether it would run here.'],
    ['nanite models pull qwen2.5-coder:7b', 'Get it.'],
    ['nanite models export smollm2:135m --to /media/stick', 'Take one to a machine without a network.'],
    ['nanite models import ~/.cache/huggingface/hub --dry-run', 'See what another program already has.'],
  ],
  'nanite config': [
    ['nanite config set cli.model smollm2:135m', 'Choose the model that you use.'],
    ['sudo nanite config set --system engine.whenBusy insist', 'Change how this machine runs models.'],
    ['nanite config list cli', 'See your settings and where each comes from.'],
  ],
  'nanite serve': [['nanite serve & nanite ask hello', 'Ask in a container.']],
};
