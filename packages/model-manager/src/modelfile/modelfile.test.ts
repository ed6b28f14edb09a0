import { ModelRecord, type ParsedModelfile, type StoredModel } from '@nanite/contracts';
import { describe, expect, it } from 'vitest';
import { translateGoTemplate } from './go-template';
import { parseModelfile, printModelfile } from './modelfile';

describe('parseModelfile', () => {
  it("takes the example of Ollama's documentation", () => {
    const text = [
      'FROM llama3.2',
      '# sets the temperature to 1 [higher is more creative, lower is more coherent]',
      'PARAMETER temperature 1',
      '# sets the context window size to 4096',
      'PARAMETER num_ctx 4096',
      '',
      '# sets a custom system message to specify the behavior of the chat assistant',
      'SYSTEM You are Mario from super mario bros, acting as an assistant.',
    ].join('\n');
    expect(parseModelfile(text)).toEqual({
      froms: ['llama3.2'],
      adapterPaths: [],
      parameters: { temperature: 1, num_ctx: 4096 },
      system: 'You are Mario from super mario bros, acting as an assistant.',
    });
  });

  it('takes all instructions, in any case and order, with comments and empty lines', () => {
    const text =
      '\uFEFF  # a comment\r\nsystem """\r\nYou are\n  # no comment\n"quoted".\n"""\n\n' +
      'Parameter stop "<|user|>"\nPARAMETER stop AI assistant:\nPARAMETER TEMPERATURE 0.7\nPARAMETER use_mmap false\n' +
      'MESSAGE user Is Toronto in Canada?\nMESSAGE assistant yes\nMESSAGE user """Is\nOntario?"""\n' +
      'ADAPTER ./lora.gguf\nLICENSE """\nMIT\n"""\nLICENSE second\nREQUIRES 0.14.0\nfrom ./model.gguf';
    expect(parseModelfile(text)).toEqual({
      froms: ['./model.gguf'],
      adapterPaths: ['./lora.gguf'],
      system: '\nYou are\n  # no comment\n"quoted".\n',
      parameters: { stop: ['<|user|>', 'AI assistant:'], temperature: 0.7, use_mmap: false },
      messages: [
        { role: 'user', content: 'Is Toronto in Canada?' },
        { role: 'assistant', content: 'yes' },
        { role: 'user', content: 'Is\nOntario?' },
      ],
      license: ['\nMIT\n', 'second'],
    });
  });

  it('takes a projector beside the model', () => {
    expect(parseModelfile('FROM ./model.gguf\nFROM ./mmproj.gguf').froms).toEqual([
      './model.gguf',
      './mmproj.gguf',
    ]);
  });

  it.each([
    ['a quote in the middle', 'SYSTEM say "hi" now', 'say "hi" now'],
    ['a hash in the middle', 'SYSTEM number # one', 'number # one'],
    ['single quotes', "SYSTEM 'a'", "'a'"],
    ['quotes over two lines', 'SYSTEM "a\nb"', 'a\nb'],
    ['spaces inside quotes', 'SYSTEM " a "', ' a '],
    ['empty quotes', 'SYSTEM ""', ''],
    ['six quotes', 'SYSTEM """"""', ''],
    ['tabs', 'SYSTEM\ta\tb\t', 'a\tb'],
    ['the last of several', 'SYSTEM a\nSYSTEM b', 'b'],
    ['other scripts', 'SYSTEM Grüße, 世界', 'Grüße, 世界'],
  ])('reads %s', (_, line, system) => {
    expect(parseModelfile(`FROM x\n${line}\n`).system).toBe(system);
  });

  it.each([
    ['no FROM', 'SYSTEM a', /FROM is missing/],
    ['nothing', '', /FROM is missing/],
    ['FROM without a name', 'FROM ""', /line 1: FROM does not name a model/],
    ['an instruction that is none', 'FROM x\nRUN rm -rf /', /line 2: unknown instruction "RUN"/],
    ['open quotes', 'FROM x\nSYSTEM """a\nb', /line 2: the quotes behind SYSTEM/],
    ['a role that is none', 'FROM x\nMESSAGE tool a', /line 2: "tool" is not a role/],
    ['a parameter that is none', 'FROM x\nPARAMETER colour red', /line 2: there is no parameter colour/],
    ['a number that is none', 'FROM x\nPARAMETER top_k many', /line 2: top_k is a number/],
    ['a parameter without a value', 'FROM x\nPARAMETER top_k', /line 2: PARAMETER needs/],
    ['a renderer', 'FROM x\nRENDERER qwen3', /line 2: prompts are made/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseModelfile(text)).toThrow(message);
    expect(() => parseModelfile(text)).toThrow(
      expect.objectContaining({ code: 'bad-modelfile', status: 400 }),
    );
  });

  it('takes without effect what Ollama has given up', () => {
    expect(parseModelfile('FROM x\nPARAMETER mirostat 1').parameters).toBeUndefined();
  });

  it('keeps a template in Jinja, turns one of Go into it, and refuses what it does not understand aloud', () => {
    const template = (text: string) => parseModelfile(`FROM x\nTEMPLATE """${text}"""`).template;
    const jinja = '{% for message in messages %}{{ message.content }}{% endfor %}';
    expect(template(jinja)).toBe(jinja);
    expect(template(go.chatml)).toContain("'<|im_start|>assistant\\n'");
    const other = '{{ .System }} {{ .Tools }} {{ .Prompt }}';
    expect(() => template(other)).toThrow(
      expect.objectContaining({
        code: 'unsupported-template',
        hint: expect.stringContaining('leave it out'),
      }),
    );
  });
});

/** Templates as people write them for Ollama, of each family. */
const go = {
  chatml:
    '{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n{{ end }}<|im_start|>assistant\n{{ .Response }}<|im_end|>',
  llama3:
    '{{- if .System }}<|start_header_id|>system<|end_header_id|>\n\n{{ .System }}<|eot_id|>{{ end }}\n{{- range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n',
  llama2:
    '[INST] {{ if and .First .System }}<<SYS>>{{ .System }}<</SYS>>\n\n{{ end }}{{ .Prompt }} [/INST] {{ .Response }}',
  mistral:
    '{{- range $index, $_ := .Messages }}{{- if eq .Role "user" }}[INST] {{ if and $.System (eq (len (slice $.Messages $index)) 1) }}{{ $.System }} {{ end }}{{ .Content }}{{ else if eq .Role "assistant" }}[/INST] {{ .Content }}</s>{{ end }}{{ end }}[/INST]',
  gemma:
    '<start_of_turn>user\n{{ if .System }}{{ .System }} {{ end }}{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n{{ .Response }}<end_of_turn>',
  phi3: '{{ if .System }}<|system|>\n{{ .System }}<|end|>\n{{ end }}<|user|>\n{{ .Prompt }}<|end|>\n<|assistant|>\n{{ .Response }}<|end|>',
  zephyr: '<|system|>\n{{ .System }}</s>\n<|user|>\n{{ .Prompt }}</s>\n<|assistant|>\n',
  alpaca: '{{ .System }}\n\n### Instruction:\n{{ .Prompt }}\n\n### Response:\n',
  vicuna: '{{ .System }}\n\nUSER: {{ .Prompt }}\nASSISTANT: {{ .Response }}</s>',
};

/** What llama-server makes of them is compared with what Ollama would: tests/packages/templates. */
describe('translateGoTemplate', () => {
  it.each(Object.entries(go))('understands %s', (_family, template) => {
    expect(translateGoTemplate(template)).toContain('{%- for message in messages -%}');
  });

  it('leaves out what llama.cpp puts before a prompt itself', () => {
    const translated = translateGoTemplate(`<|begin_of_text|>${go.llama3}`);
    expect(translated).toBe(translateGoTemplate(go.llama3));
  });

  it('takes a text for a text, whatever it looks like to Jinja', () => {
    expect(translateGoTemplate("It's {% so %} \\n\n{{ .Prompt }}")).toContain(
      "{{- 'It\\'s {% so %} \\\\n\\n' -}}",
    );
  });

  it.each([
    ['tools', `{{ if .Tools }}{{ .Tools }}{{ end }}${go.chatml}`],
    ['a function', go.chatml.replace('{{ .Prompt }}', '{{ json .Prompt }}')],
    ['a pipeline', go.chatml.replace('{{ .Prompt }}', '{{ .Prompt | trim }}')],
    ['thoughts', `${go.chatml}{{ .Thinking }}`],
    ['a field of a message that is not its role or text', go.llama3.replace('.Content', '.ToolCalls')],
    ['a variable of nobody', go.chatml.replace('.Prompt', '$prompt')],
    ['a range over something else', '{{ range .Tools }}{{ .Prompt }}{{ end }}{{ .Prompt }}'],
    ['an if without end', '{{ if .System }}{{ .Prompt }}'],
    ['an end without if', '{{ .Prompt }}{{ end }}'],
    ['no question', '<|im_start|><|im_end|>{{ .System }}'],
    ['no action', '<|im_start|><|im_end|>'],
  ])('does not guess: %s', (_, template) => expect(translateGoTemplate(template)).toBeNull());
});

describe('printModelfile', () => {
  const model = (changes: Partial<ParsedModelfile>): StoredModel =>
    ({
      manifest: {
        name: 'mario:latest',
        system: changes.system ?? null,
        parameters: changes.parameters ?? {},
      },
      record: ModelRecord.parse({
        schema: 1,
        lineage: ['llama3.2:latest'],
        licenceText: [changes.license ?? []].flat()[0] ?? null,
        messages: changes.messages ?? [],
      }),
    }) as unknown as StoredModel;

  it.each<[string, Partial<ParsedModelfile>]>([
    ['nothing', {}],
    ['a system prompt of several lines', { system: 'a\n"b"\n' }],
    ['a system prompt that ends in a quote', { system: 'say "b"' }],
    ['spaces at the ends', { system: '  a  ' }],
    [
      'parameters',
      { parameters: { temperature: 0.5, stop: ['"', ' a', 'a\nb', '<|x|>'], use_mmap: true, top_k: 3 } },
    ],
    [
      'messages',
      {
        messages: [
          { role: 'user', content: '' },
          { role: 'assistant', content: ' a\n"b' },
        ],
      },
    ],
    ['a licence', { license: ['MIT\n\n"as is"\n'] }],
    ['a template', { template: '{% for m in messages %}{{ m.content }}{% endfor %}' }],
  ])('prints what is read again the same: %s', (_, fields) => {
    const printed = printModelfile(model(fields), fields.template ?? null);
    expect(parseModelfile(printed)).toEqual({ froms: ['llama3.2:latest'], adapterPaths: [], ...fields });
  });

  it('says that it leaves out a template that no engine reads', () => {
    expect(printModelfile(model({}), '{{ .Tools }}')).toMatch(/^# TEMPLATE is left out/m);
  });
});
