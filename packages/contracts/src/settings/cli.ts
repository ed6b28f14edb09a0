import { z } from 'zod';

/** Section `cli` of the settings: the `nanite` command. */
export const CliSettings = z.strictObject({
  model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Model that `nanite ask` and `nanite chat` use; null: what the service chooses, as `nanite status` says.',
    ),
  system: z
    .string()
    .nullable()
    .default(null)
    .describe("System prompt of every conversation; null: the model's own."),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(null)
    .describe("Sampling temperature; null: the model's own."),
  keepAlive: z
    .union([
      z
        .string()
        .regex(/^-?\d+(\.\d+)?(ms|s|m|h)?$/)
        .meta({ title: 'a duration such as 30s, 10m or 1h' }),
      z.number(),
    ])
    .nullable()
    .default(null)
    .describe(
      'How long the model stays loaded after an answer, such as 10m or 1h; -1: until it is stopped; null: what the service decides.',
    ),
  colour: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe(
      'Colour and the progress line: on a terminal only, or never. NO_COLOR switches colour off too.',
    ),
  history: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(1000)
    .describe('Lines that `nanite chat` keeps in ~/.local/state/nanite/chat-history; 0 keeps none.'),
});

export type CliSettings = z.infer<typeof CliSettings>;
