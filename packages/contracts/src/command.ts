import { z } from 'zod';

const word = /^[a-z][a-z0-9-]{0,31}$/;

/** An option of a command. */
export const CommandOption = z.strictObject({
  /** As commander writes it: `-l, --language <code>`, `--all`, `--no-stream`. */
  flags: z.string().regex(/^(-\w, )?--[a-z][a-z0-9-]*( (<[^<>[\]]+>|\[[^<>[\]]+\]))?$/),
  description: z.string().min(1),
  /** The values it takes, for completion. */
  choices: z.array(z.string()).optional(),
});

/** A positional argument of a command. */
export const CommandArgument = z.strictObject({
  /** `<file>`: needed; `[file]`: not; `<file...>`, `[file...]`: several. */
  name: z.string().regex(/^(<[^<>[\]]+>|\[[^<>[\]]+\])$/),
  description: z.string().default(''),
  choices: z.array(z.string()).optional(),
});

const shape = {
  name: z.string().regex(word, 'a-z, 0-9 and hyphen, beginning with a letter'),
  /** One line, without a full stop. */
  summary: z.string().min(1).max(80),
  /** Paragraphs for the manual. */
  description: z.string().optional(),
  arguments: z.array(CommandArgument).default([]),
  options: z.array(CommandOption).default([]),
};

/**
 * A subcommand of `nanite` that another package brings: /usr/share/nanite/commands/<name>.json.
 *
 * `nanite <name> …` replaces the program by `exec` with the arguments behind it; its exit status is the program's.
 */
export const CommandDescriptor = z.strictObject({
  schema: z.literal(1),
  ...shape,
  /** Program and first arguments; the program by absolute path. */
  exec: z.tuple([z.string().startsWith('/')], z.string()),
  /** Second-level commands, for help and completion; the program itself understands them. */
  commands: z.array(z.strictObject(shape)).default([]),
});

export type CommandOption = z.infer<typeof CommandOption>;
export type CommandArgument = z.infer<typeof CommandArgument>;
export type CommandDescriptor = z.infer<typeof CommandDescriptor>;
