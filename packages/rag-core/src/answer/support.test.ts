import { describe, expect, it } from 'vitest';
import { groundsOf, supportOf } from './support';
import { windowsOf, type Evidence, type Window } from './windows';

const passages = [
  'The gateway listens on port 11434 of this machine. It does not listen on other addresses unless tls is configured. ' +
    'Nanite was first built in 2026 by a small team in Vienna.',
  'Ada Lovelace wrote the first program in 1843. She worked with Charles Babbage on the Analytical Engine.',
  'The index is kept in SQLite. Vectors are held by Chroma, which can be deleted at any time. Up to 1,400 files a ' +
    'minute are read.',
];
const evidence = passages.map((text, at) => ({
  number: at + 1,
  text,
  context: at === 1 ? 'Ada Lovelace' : '',
}));
const anywhere = () => true;
/** @param cosine of the claim and any sentence */
const support = (
  text: string,
  question: string,
  passages: readonly Evidence[],
  cosine: number | null = null,
) =>
  supportOf(
    text,
    groundsOf(question, passages, passages.flatMap(windowsOf)),
    anywhere,
    async (some: readonly Window[]) => some.map(() => cosine),
  );
const check = (text: string, question = 'How is that?') => support(text, question, evidence);

describe('a claim that a passage bears out', () => {
  it.each([
    ['The gateway listens on port 11434.', 1, 'The gateway listens on port 11434 of this machine.'],
    ['Port 11434 is where the gateway listens.', 1, 'The gateway listens on port 11434 of this machine.'],
    [
      'It does not listen on other addresses.',
      1,
      'It does not listen on other addresses unless tls is configured.',
    ],
    ['Ada Lovelace wrote the first program in 1843.', 2, 'Ada Lovelace wrote the first program in 1843.'],
    [
      'The first program was written in 1843 by Lovelace.',
      2,
      'Ada Lovelace wrote the first program in 1843.',
    ],
    ['Vectors are held by Chroma.', 3, 'Vectors are held by Chroma, which can be deleted at any time.'],
    [
      'She worked on the Analytical Engine with Charles Babbage.',
      2,
      'She worked with Charles Babbage on the Analytical Engine.',
    ],
    ['It reads up to 1400 files a minute.', 3, 'Up to 1,400 files a minute are read.'],
  ])('%s', async (text, number, quote) => {
    const found = await check(text);
    expect(found?.window).toMatchObject({ number, quote });
    expect(passages[number - 1]).toContain(found!.window.quote);
  });
});

describe('a claim that none bears out', () => {
  it.each([
    ['another number', 'The gateway listens on port 8080.'],
    ['another year', 'Ada Lovelace wrote the first program in 1842.'],
    ['another name', 'Grace Hopper wrote the first program in 1843.'],
    ['a name added', 'The index of Microsoft is kept in SQLite.'],
    ['the contrary', 'The gateway does not listen on port 11434.'],
    ['the contrary of a denial', 'It listens on other addresses unless tls is configured.'],
    ['something else', 'Bananas are rich in potassium and grow in warm countries.'],
    [
      'half of it invented',
      'Vectors are compressed with wavelets and encrypted by quantum keys held in hardware.',
    ],
    ['a circle', 'Chroma is a vector of Chroma.'],
    ['one word of three', 'The gateway is a program of the machine.'],
    ['its words in no order', 'The machine of the port is a gateway that listens.'],
    ['nothing', 'Yes, that is so.'],
    ['an announcement', 'The index is:'],
    ['one word', 'Chroma.'],
    ['an empty sentence', ''],
  ])('%s', async (_what, text) => expect(await check(text)).toBeNull());

  it('what only says the question again', async () => {
    expect(
      await check('The gateway listens on a port.', 'On which port does the gateway listen?'),
    ).toBeNull();
  });

  it('what says the question again, with a word that stands in any passage', async () => {
    const question = 'Why is Napoleon in exile on an island?';
    expect(await check('Napoleon is in exile on an island with a program.', question)).toBeNull();
  });
});

it('a quotation begins with a word, not with what Markdown put before it', () => {
  const text = '**Decision.** The store runs it.\n\n- Weights pass the gate.\n- **Bold** words stay.';
  const quotes = windowsOf({ number: 1, text, context: '' }).map(({ quote }) => quote);
  expect(quotes).toEqual(
    expect.arrayContaining(['The store runs it.', 'Weights pass the gate.', '**Bold** words stay.']),
  );
  for (const quote of quotes) expect(text).toContain(quote);
});

it('headings help, and bear nothing out by themselves', async () => {
  const [one] = [
    { number: 1, text: 'It was sold to a server of the council.', context: 'The lighthouse on the island' },
  ];
  const say = (text: string) => support(text, 'What of it?', [one!]);
  expect(await say('The lighthouse was sold to the council.')).not.toBeNull();
  expect(await say('The server is a lighthouse on the island.')).toBeNull();
  const chroma = {
    number: 1,
    text: 'Five minutes without a connection end the proxy and the server. It spins. Bubblewrap was not needed either.',
    context: 'Chroma in a network of its own',
  };
  const claim = 'The server is not in a network of its own, but it is in a network of its own.';
  expect(await support(claim, 'Why is Chroma in one?', [chroma])).toBeNull();
});

describe('likeness of meaning', () => {
  const claim = 'The vectors live in a Chroma database of its own.';
  const near = (cosine: number, text = claim) => support(text, 'How?', evidence, cosine);

  it('helps a claim in other words, and only as far as it is there', async () => {
    expect((await near(0.9))?.likeness).toBe(0.9);
    expect(await near(0.6)).toBeNull();
  });

  it('does not help an invented number or name', async () => {
    expect(await near(0.99, 'The vectors live in 3 Chroma stores.')).toBeNull();
    expect(await near(0.99, 'The vectors live in Chroma and in Redis.')).toBeNull();
  });
});
