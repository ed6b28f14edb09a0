/**
 * Chat templates as Modelfiles for Ollama have them, and what Ollama makes of this conversation with each, worked out by hand
 * from the template's text and the rules of Ollama's template.go.
 */
export const conversation = [
  { role: 'system', content: 'SYS' },
  { role: 'user', content: "Q'1" },
  { role: 'assistant', content: 'A1' },
  { role: 'user', content: 'Q2' },
];

interface Case {
  name: string;
  template: string;
  expected: string;
}

export const cases: readonly Case[] = [
  {
    name: 'chatml',
    template:
      '{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n{{ end }}<|im_start|>assistant\n{{ .Response }}<|im_end|>\n',
    expected:
      "<|im_start|>system\nSYS<|im_end|>\n<|im_start|>user\nQ'1<|im_end|>\n<|im_start|>assistant\nA1<|im_end|>\n<|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n",
  },
  {
    name: 'llama3',
    template:
      '{{ if .System }}<|start_header_id|>system<|end_header_id|>\n\n{{ .System }}<|eot_id|>{{ end }}{{ if .Prompt }}<|start_header_id|>user<|end_header_id|>\n\n{{ .Prompt }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n{{ .Response }}<|eot_id|>',
    expected:
      "<|start_header_id|>system<|end_header_id|>\n\nSYS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ'1<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ2<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
  },
  {
    name: 'llama3 over messages',
    template:
      '{{- range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>\n{{- end }}<|start_header_id|>assistant<|end_header_id|>\n\n',
    expected:
      "<|start_header_id|>system<|end_header_id|>\n\nSYS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ'1<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ2<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
  },
  {
    name: 'llama2',
    template:
      '[INST] {{ if .System }}<<SYS>>{{ .System }}<</SYS>>\n\n{{ end }}{{ .Prompt }} [/INST] {{ .Response }} </s>',
    expected: "[INST] <<SYS>>SYS<</SYS>>\n\nQ'1 [/INST] A1 </s>[INST] Q2 [/INST] ",
  },
  {
    name: 'mistral',
    template:
      '{{- range $index, $_ := .Messages }}\n{{- if eq .Role "user" }}[INST] {{ if and $.System (eq (len (slice $.Messages $index)) 1) }}{{ $.System }}\n\n{{ end }}{{ .Content }}[/INST]\n{{- else if eq .Role "assistant" }} {{ .Content }}</s>\n{{- end }}\n{{- end }}',
    expected: "[INST] Q'1[/INST] A1</s>[INST] SYS\n\nQ2[/INST]",
  },
  {
    name: 'gemma',
    template:
      '<start_of_turn>user\n{{ if .System }}{{ .System }} {{ end }}{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n{{ .Response }}<end_of_turn>\n',
    expected:
      "<start_of_turn>user\nSYS Q'1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n<start_of_turn>user\nQ2<end_of_turn>\n<start_of_turn>model\n",
  },
  {
    name: 'gemma over messages',
    template:
      '{{- range $i, $_ := .Messages }}\n{{- $last := eq (len (slice $.Messages $i)) 1 }}\n{{- if or (eq .Role "user") (eq .Role "system") }}<start_of_turn>user\n{{ .Content }}<end_of_turn>\n{{ if $last }}<start_of_turn>model\n{{ end }}\n{{- else if eq .Role "assistant" }}<start_of_turn>model\n{{ .Content }}{{ if not $last }}<end_of_turn>\n{{ end }}\n{{- end }}\n{{- end }}',
    expected:
      "<start_of_turn>user\nSYS<end_of_turn>\n<start_of_turn>user\nQ'1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n<start_of_turn>user\nQ2<end_of_turn>\n<start_of_turn>model\n",
  },
  {
    name: 'phi3',
    template:
      '{{ if .System }}<|system|>\n{{ .System }}<|end|>\n{{ end }}{{ if .Prompt }}<|user|>\n{{ .Prompt }}<|end|>\n{{ end }}<|assistant|>\n{{ .Response }}<|end|>\n',
    expected:
      "<|system|>\nSYS<|end|>\n<|user|>\nQ'1<|end|>\n<|assistant|>\nA1<|end|>\n<|user|>\nQ2<|end|>\n<|assistant|>\n",
  },
  {
    name: 'zephyr, without a response',
    template:
      '{{- if .System }}<|system|>\n{{ .System }}</s>\n{{- end }}\n<|user|>\n{{ .Prompt }}</s>\n<|assistant|>\n',
    expected: "<|system|>\nSYS</s>\n<|user|>\nQ'1</s>\n<|assistant|>\nA1\n<|user|>\nQ2</s>\n<|assistant|>\n",
  },
  {
    name: 'alpaca',
    template: '{{ .System }}\n\n### Instruction:\n{{ .Prompt }}\n\n### Response:\n{{ .Response }}\n\n',
    expected:
      "SYS\n\n### Instruction:\nQ'1\n\n### Response:\nA1\n\n\n\n### Instruction:\nQ2\n\n### Response:\n",
  },
  {
    name: 'vicuna',
    template: '{{ .System }}\nUSER: {{ .Prompt }}\nASSISTANT: {{ .Response }}</s>\n',
    expected: "SYS\nUSER: Q'1\nASSISTANT: A1</s>\n\nUSER: Q2\nASSISTANT: ",
  },
  {
    name: 'text that Jinja would take for its own',
    template:
      "{{ if and .System .Prompt }}It's {{ `{%` }} \\n {# {{ .System }}: {{ end }}{{ .Prompt }} => {{ .Response }};",
    expected: "It's {% \\n {# SYS: Q'1 => A1;Q2 => ",
  },
];
