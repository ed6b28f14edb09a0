import { expect, it } from 'vitest';
import { withLiteralUnderscores } from './man-source';

it.each([
  ['**$XDG_RUNTIME_DIR/nanite/x.sock**', '**$XDG\\_RUNTIME\\_DIR/nanite/x.sock**'],
  ['_~/.local/state/nanite_ and _one_', '_~/.local/state/nanite_ and _one_'],
  ['`GGML_VK_VISIBLE` and A_B_C', '`GGML_VK_VISIBLE` and A\\_B\\_C'],
  ['text\n\n    export A_B_C=1\n\nA_B_C', 'text\n\n    export A_B_C=1\n\nA\\_B\\_C'],
  ['```\nA_B_C\n```\nA_B_C', '```\nA_B_C\n```\nA\\_B\\_C'],
])('%j becomes %j', (markdown, expected) => expect(withLiteralUnderscores(markdown)).toBe(expected));
