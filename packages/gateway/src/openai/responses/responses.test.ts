import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { ResponsesAnswer, type ResponsesItem } from '@nanite/contracts';
import { fakeWords } from '../../__fixtures__/fake-worker';
import { startTestGateway, type TestGateway } from '../../__fixtures__/test-gateway';
import { messagesOf } from './items';
import { ResponseStore } from './store';

let at: TestGateway;
afterEach(() => at?.close());

async function client(): Promise<OpenAI> {
  at = await startTestGateway();
  return new OpenAI({ baseURL: `${at.url}/v1`, apiKey: 'none', maxRetries: 0 });
}

const lastBody = (id = 'smollm2') => at.engine.fakes.get(id)?.requests.at(-1)?.body ?? {};
const weather: OpenAI.Responses.Tool = {
  type: 'function',
  name: 'weather',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};

interface Event {
  type: string;
  sequence_number: number;
  output_index?: number;
  item?: { type: string; id: string; status?: string };
  item_id?: string;
  response?: { status: string; output: unknown[] };
  delta?: string;
}

async function events(body: object): Promise<Event[]> {
  const answer = await fetch(`${at.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stream: true, ...body }),
  });
  expect(answer.status).toBe(200);
  const text = await answer.text();
  return text
    .trim()
    .split('\n\n')
    .map((block) => {
      const [name = '', data = ''] = block.split('\n');
      const event = JSON.parse(data.slice('data: '.length)) as Event;
      expect(name).toBe(`event: ${event.type}`);
      return event;
    });
}

describe('a stream', () => {
  it('numbers its events, and opens and closes each item and part', async () => {
    await client();
    const got = await events({ model: 'smollm2', input: 'Hi' });
    expect(got.map(({ sequence_number: number }) => number)).toEqual(got.map((_, index) => index));
    const deltas = got.filter(({ type }) => type === 'response.output_text.delta');
    expect(deltas.map(({ delta }) => delta).join('')).toBe(fakeWords);
    const types = got.map(({ type }) => type);
    expect([...new Set(types)]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const done = got.at(-1)?.response;
    ResponsesAnswer.parse(done);
    expect(got[0]?.response).toMatchObject({ status: 'in_progress', output: [], model: 'smollm2' });
    expect(done).toMatchObject({
      status: 'completed',
      usage: { input_tokens: 5, output_tokens: 9, total_tokens: 14 },
    });
    const item = got.find(({ type }) => type === 'response.output_item.added')?.item;
    expect(deltas.every(({ item_id: id }) => id === item?.id)).toBe(true);
    expect(done?.output).toMatchObject([{ id: item?.id, status: 'completed' }]);
  });

  it('has what the model thought, and its calls, as items of their own', async () => {
    await client();
    const thought = await events({ model: 'thinker', input: 'THINK', reasoning: { effort: 'low' } });
    expect(lastBody('thinker')).toMatchObject({ chat_template_kwargs: { enable_thinking: true } });
    expect(thought.at(-1)?.response?.output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hmm.' }] },
      { type: 'message' },
    ]);
    const called = await events({ model: 'thinker', input: 'CALL', tools: [weather] });
    const pieces = called.filter(({ type }) => type === 'response.function_call_arguments.delta');
    expect(pieces.map(({ delta }) => delta)).toEqual(['{"city":', '"Paris"}']);
    expect(called.at(-1)?.response?.output).toMatchObject([
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' },
    ]);
  });

  it('is incomplete where the answer was cut off', async () => {
    await client();
    const got = await events({ model: 'smollm2', input: 'LENGTH', max_output_tokens: 5 });
    expect(lastBody()['max_tokens']).toBe(5);
    expect(got.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    });
  });

  it('ends with an error that has the next number', async () => {
    await client();
    const got = await events({ model: 'smollm2', input: 'BREAK' });
    expect(got.at(-1)).toMatchObject({ type: 'error', sequence_number: got.length - 1 });
  });

  it('is read by the helpers of OpenAI’s own client', async () => {
    const openai = await client();
    const seen: string[] = [];
    const stream = openai.responses.stream({ model: 'thinker', input: 'CALL', tools: [weather] });
    stream.on('response.function_call_arguments.delta', ({ snapshot }) => seen.push(snapshot));
    const final = await stream.finalResponse();
    expect(seen).toEqual(['{"city":', '{"city":"Paris"}']);
    expect(final.output[0]).toMatchObject({ type: 'function_call', arguments: '{"city":"Paris"}' });
    const text = await openai.responses.stream({ model: 'smollm2', input: 'Hi' }).finalResponse();
    expect(text.output[0]).toMatchObject({ type: 'message', content: [{ text: fakeWords }] });
  });
});

describe('a custom tool', () => {
  it('takes a text, which travels to the model as its one argument', async () => {
    await client();
    const custom = { type: 'custom', name: 'weather', description: 'Says the weather' };
    const got = await events({ model: 'thinker', input: 'CALL', tools: [custom] });
    expect(lastBody('thinker')['tools']).toMatchObject([
      { function: { parameters: { required: ['input'] } } },
    ]);
    // The fake calls with a city: what cannot be read as a text is handed on.
    expect(got.at(-1)?.response?.output).toMatchObject([
      { type: 'custom_tool_call', input: '{"city":"Paris"}' },
    ]);
  });
});

describe('stored responses', () => {
  it('are gone on from, read, listed and deleted by who asked for them', async () => {
    const openai = await client();
    const first = await openai.responses.create({ model: 'smollm2', input: 'Hi', instructions: 'Be brief' });
    const second = await openai.responses.create({
      model: 'smollm2',
      input: 'And?',
      previous_response_id: first.id,
    });
    // The instructions of a response are its own.
    expect(lastBody()['messages']).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: fakeWords },
      { role: 'user', content: 'And?' },
    ]);
    expect(second.previous_response_id).toBe(first.id);
    expect((await openai.responses.retrieve(first.id)).output_text).toBe(fakeWords);
    const { data } = await openai.responses.inputItems.list(first.id);
    expect(data).toMatchObject([{ role: 'user', content: [{ text: 'Hi' }] }]);
    await openai.responses.delete(first.id);
    await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
    // What came later stands by itself.
    await openai.responses.create({ model: 'smollm2', input: 'More', previous_response_id: second.id });
    expect(lastBody()['messages']).toHaveLength(5);
    await expect(openai.responses.cancel(second.id)).rejects.toMatchObject({ status: 400 });
  });

  it('are not kept with store: false, and an unknown one is said', async () => {
    const openai = await client();
    const { id } = await openai.responses.create({ model: 'smollm2', input: 'Hi', store: false });
    await expect(openai.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(
      openai.responses.create({ model: 'smollm2', input: 'x', previous_response_id: id }),
    ).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
  });

  it('are found by references to their items', async () => {
    const openai = await client();
    const first = await openai.responses.create({ model: 'smollm2', input: 'Hi' });
    const reference = { type: 'item_reference' as const, id: first.output[0]?.id ?? '' };
    const input = [
      { role: 'user' as const, content: 'Hi' },
      reference,
      { role: 'user' as const, content: 'And?' },
    ];
    await openai.responses.create({ model: 'smollm2', input });
    expect(lastBody()['messages']).toMatchObject([{}, { role: 'assistant', content: fakeWords }, {}]);
  });

  it('are each user’s own, and of each user the oldest go first', () => {
    const store = new ResponseStore(1000);
    const stored = (id: string, uid: number) => ({
      uid,
      response: { id } as ResponsesAnswer,
      input: [{ id: `item-${id}`, text: 'x'.repeat(300) } as unknown as ResponsesItem],
      conversation: [{ id: `item-${id}` } as ResponsesItem],
    });
    store.keep(stored('his', 1001));
    for (const id of ['a', 'b', 'c']) store.keep(stored(id, 1000));
    expect(() => store.get('a', 1000)).toThrow('no response a');
    expect(store.get('c', 1000).uid).toBe(1000);
    // Another user's flood pushes nothing of his out; and she cannot read it, nor an item of it.
    expect(store.get('his', 1001).uid).toBe(1001);
    expect(() => store.get('his', 1000)).toThrow('no response his');
    expect(() => store.remove('his', 1000)).toThrow('no response his');
    expect(() => store.item('item-his', 1000)).toThrow('no item');
    store.keep({ ...stored('huge', 1000), input: [{ text: 'x'.repeat(2000) } as unknown as ResponsesItem] });
    expect(() => store.get('huge', 1000)).toThrow('no response huge');
  });
});

describe('items', () => {
  it('of one turn of the model are one message', () => {
    const items = [
      { role: 'user', content: 'a' },
      { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'b' }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call', call_id: 'c2', name: 'g', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: '1' },
      { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: '2' }] },
      { role: 'assistant', content: 'd' },
    ];
    expect(messagesOf(items)).toMatchObject([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b', reasoning_content: 'hm', tool_calls: [{ id: 'c1' }, { id: 'c2' }] },
      { role: 'tool', tool_call_id: 'c1', content: '1' },
      { role: 'tool', tool_call_id: 'c2', content: '2' },
      { role: 'assistant', content: 'd' },
    ]);
  });

  it('are taken without a type, without content, and refused by their place', () => {
    expect(messagesOf([{ type: 'reasoning', summary: [], encrypted_content: 'abc' }])).toEqual([]);
    expect(() => messagesOf([{ role: 'user', content: 'a' }, { type: 'computer_call' }])).toThrow('input[1]');
    expect(() => messagesOf([{ role: 'user', content: [{ type: 'input_file' }] }])).toThrow('input[0]');
  });
});

it('refuses what it has not: conversations, the background', async () => {
  const openai = await client();
  const ask = (more: object) => openai.responses.create({ model: 'smollm2', input: 'x', ...more });
  await expect(ask({ background: true })).rejects.toMatchObject({ status: 400 });
  await expect(ask({ conversation: 'conv_1' })).rejects.toMatchObject({ status: 400 });
});
