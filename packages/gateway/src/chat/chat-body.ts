/** The body of /v1/chat/completions as llama-server reads it: what every chat of every API comes down to. */
export interface ChatBody {
  messages: ChatMessage[];
  tools?: ChatTool[];
  tool_choice?: 'auto' | 'none' | 'required';
  [field: string]: unknown;
}

export interface ChatMessage {
  role: string;
  content?: unknown;
  reasoning_content?: string;
  tool_calls?: Array<{ id: string; type: 'function'; function: { name: string; arguments: string } }>;
  tool_call_id?: string;
  [field: string]: unknown;
}

export interface ChatTool {
  type: 'function';
  function: {
    name: string;
    description?: string;
    parameters?: Record<string, unknown>;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}
