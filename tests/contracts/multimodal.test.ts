import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';
import { image, recording } from './multimodal/media';
import { tinyModel, tinyProjector, tinyVision } from './multimodal/tiny-models';

/**
 * Images and recordings through store, gateway and engine, by every API that takes them. The model is written for it: it names the
 * colour of an image, and says whether a recording has sound.
 */
const checkout = resolve(import.meta.dirname, '../..');
let folder: string;
let machine: Machine;

type Answer = string | { status: number; message: string };
interface Found {
  images: Record<string, Record<string, Answer>>;
  recordings: Record<string, Record<string, Answer>>;
  elsewhere: Record<string, Answer>;
  text: string;
  capabilities: string[];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-multimodal-'));
  writeFileSync(join(folder, 'model.gguf'), tinyModel());
  writeFileSync(join(folder, 'senses.gguf'), tinyProjector());
  writeFileSync(join(folder, 'eyes.gguf'), tinyProjector([tinyVision]));
  writeFileSync(join(folder, 'senses.modelfile'), 'FROM ./model.gguf\nFROM ./senses.gguf\n');
  writeFileSync(join(folder, 'eyes.modelfile'), 'FROM blind\nFROM ./eyes.gguf\n');
  writeFileSync(join(folder, 'blind.modelfile'), 'FROM ./model.gguf\n');
  const media = {
    images: { red: image('red'), green: image('green'), blue: image('blue') },
    recordings: { tone: recording('tone'), silence: recording('silence') },
    address: 'http://127.0.0.1:8080/red.png',
  };
  writeFileSync(join(folder, 'media.json'), JSON.stringify(media));
  machine = await Machine.withPackages(
    'multimodal',
    ['nanite-gateway', 'nanite-models', 'nanite-engine', 'nanite-llama', 'nanite-cli'],
    { binds: [`${resolve(checkout, 'node_modules')}:/srv/node_modules`] },
  );
  machine.copy(folder, '/srv/tiny');
  machine.copy(resolve(import.meta.dirname, 'multimodal/ask.mjs'), '/srv');
  for (const name of ['blind', 'eyes', 'senses']) {
    await machine.run(`cd /srv/tiny/* && nanite models create ${name} -f ${name}.modelfile`);
  }
  machine.copy(resolve(import.meta.dirname, 'multimodal/create.mjs'), '/srv');
  await machine.run('node /srv/create.mjs uploaded /srv/tiny/*/model.gguf /srv/tiny/*/senses.gguf');
});
afterAll(() => {
  machine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (model: string): Promise<Found> =>
  JSON.parse((await machine.run(`node /srv/ask.mjs ${model} /srv/tiny/*/media.json`)).stdout) as Found;
const all = (answers: Record<string, Record<string, Answer>>): Answer[] =>
  Object.values(answers).flatMap((byName) => Object.values(byName));

test.each([
  ['a Modelfile with two FROM lines', 'senses'],
  ['two files that were uploaded', 'uploaded'],
])('a model made from %s sees and hears, by every API', async (_, model) => {
  const { images, recordings, text, capabilities } = await ask(model);
  const seen = { red: 'red', green: 'green', blue: 'blue' };
  expect(images).toEqual(Object.fromEntries(Object.keys(images).map((api) => [api, seen])));
  const heard = { tone: 'sound', silence: 'nothing' };
  expect(recordings).toEqual(Object.fromEntries(Object.keys(recordings).map((api) => [api, heard])));
  expect(text).toBe('nothing');
  expect(capabilities).toEqual(expect.arrayContaining(['vision', 'audio']));
});

test('one that only sees says so, and refuses recordings', async () => {
  const { images, recordings, capabilities } = await ask('eyes');
  expect(all(images)).toEqual(expect.arrayContaining(['red', 'green', 'blue']));
  expect(all(images).every((answer) => typeof answer === 'string')).toBe(true);
  for (const answer of all(recordings)) {
    expect(answer).toMatchObject({ status: 400, message: expect.stringContaining('does not support audio') });
  }
  expect(capabilities).toContain('vision');
  expect(capabilities).not.toContain('audio');
  const shown = await machine.run('nanite models show eyes');
  expect(shown.stdout).toContain('vision');
});

test('one without a projector refuses images', async () => {
  const { images, capabilities } = await ask('blind');
  for (const answer of all(images)) {
    expect(answer).toMatchObject({
      status: 400,
      message: expect.stringContaining('does not support images'),
    });
  }
  expect(capabilities).not.toContain('vision');
});

test('an image at an address is refused, and nobody asks for it', async () => {
  // The positive control: what listens there is reached from this machine.
  const listener = `require('http').createServer((q, r) => { require('fs').appendFileSync('/srv/asked', q.url + '\\n'); r.end(); }).listen(8080, '127.0.0.1')`;
  await machine.run(`systemd-run --quiet --unit=elsewhere node -e "${listener}"`);
  await machine.run(
    'for i in $(seq 50); do (: </dev/tcp/127.0.0.1/8080) 2>/dev/null && break; sleep 0.1; done; ' +
      `node -e "fetch('http://127.0.0.1:8080/control')"`,
  );
  const { elsewhere } = await ask('senses');
  for (const answer of Object.values(elsewhere)) {
    expect(answer).toMatchObject({
      status: 400,
      message: expect.stringContaining('must be in the request itself'),
    });
  }
  expect((await machine.run('cat /srv/asked')).stdout).toBe('/control\n');
});
