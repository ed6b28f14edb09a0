import type { ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { ChatBody, ChatTool } from './chat-body';

/** What a client asks of the model's use of tools, in no API's own form. */
export interface ToolChoice {
  mode: 'auto' | 'none' | 'required';
  /** The tools it may call; null: all of them. */
  names: readonly string[] | null;
}

const refuse = (message: string): NaniteError => new NaniteError('invalid-request', message, { status: 400 });

interface GivenChoice {
  type?: unknown;
  name?: unknown;
  mode?: unknown;
  tools?: unknown;
  function?: { name?: unknown };
  allowed_tools?: GivenChoice;
}

const modes: readonly unknown[] = ['auto', 'none', 'required'];

function nameIn(given: GivenChoice): string {
  const name = given.function?.name ?? given.name;
  if (typeof name !== 'string') throw refuse('tool_choice does not name a tool');
  return name;
}

/**
 * `tool_choice` of OpenAI's chat completions and of its responses, which write the name of a tool at different places.
 *
 * @throws NaniteError 400 where it is neither
 */
export function readToolChoice(given: unknown): ToolChoice {
  if (given === null || given === undefined) return { mode: 'auto', names: null };
  if (modes.includes(given)) return { mode: given as ToolChoice['mode'], names: null };
  if (typeof given === 'object') {
    const choice = given as GivenChoice;
    if (choice.type === 'function' || choice.type === 'custom') {
      return { mode: 'required', names: [nameIn(choice)] };
    }
    if (choice.type === 'allowed_tools') {
      const { mode, tools } = choice.allowed_tools ?? choice;
      if (Array.isArray(tools) && modes.includes(mode)) {
        return { mode: mode as ToolChoice['mode'], names: (tools as GivenChoice[]).map(nameIn) };
      }
    }
  }
  throw refuse(
    `tool_choice must be "auto", "none", "required" or one of the tools, not ${JSON.stringify(given)}`,
  );
}

/**
 * The tools and the choice among them for llama-server, which knows three words and no names: a tool that is named is the
 * only one offered.
 *
 * @throws NaniteError 400 where the choice names a tool that is not there, or requires one and there is none
 */
export function chosenTools(
  tools: readonly ChatTool[],
  choice: ToolChoice,
  manifest: ModelManifest | null,
): Pick<ChatBody, 'tools' | 'tool_choice'> {
  const { mode, names } = choice;
  const missing = names?.find((name) => !tools.some((tool) => tool.function.name === name));
  if (missing !== undefined) throw refuse(`tool_choice names "${missing}", which is not among the tools`);
  const offered = names === null ? [...tools] : tools.filter((tool) => names.includes(tool.function.name));
  if (offered.length === 0) {
    if (mode === 'required') throw refuse('tool_choice requires a tool, and the request has none');
    return {};
  }
  // Tools that may not be called stay in the prompt, for earlier turns may speak of them; but a small model would call them.
  if (mode === 'none' && manifest?.toolCalling === 'asked') return {};
  return { tools: offered, tool_choice: mode };
}
