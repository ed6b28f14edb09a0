import { describe, expect, it } from 'vitest';
import { bufferSource } from './bytes';
import { ggufFile, type Written } from '@nanite/gguf';
import { tinyWith } from './corpus/tiny-llama';
import { externalTensor, onnxFile } from './corpus/onnx-file';
import { examine } from './examine';
import { checkTogether, splitName, type ModelFile } from './together';

const file = (name: string, bytes: Buffer): ModelFile => ({
  name,
  size: bytes.length,
  facts: examine(bufferSource(bytes)),
});
const u16 = (value: number): Written => ({ type: 'u16', value });
const tensor = (name: string) => ({ name, shape: [32], type: 0 });
const part = (index: number, count = 2, total = 3, name = splitName('m', index, count)) =>
  file(
    name,
    ggufFile(
      tinyWith(
        {
          'split.no': u16(index),
          'split.count': u16(count),
          'split.tensors.count': { type: 'i32', value: total },
        },
        { tensors: index === 0 ? [tensor('a'), tensor('b')] : [tensor('c')] },
      ),
    ),
  );

describe('checkTogether', () => {
  it('takes all parts of a model, in any order', () => {
    expect(() => checkTogether([part(1), part(0)])).not.toThrow();
  });

  it.each([
    ['a part is missing', [part(0)], /missing: 2/],
    ['a part is there twice', [part(0), part(0)], /twice/],
    ['parts of different models', [part(0), part(1, 3)], /different/],
    ['tensors are missing', [part(0, 2, 9), part(1, 2, 9)], /hold 3 tensors.*has 9/],
    ['parts disagree', [part(0, 2, 3), part(1, 2, 4)], /tensors/],
    [
      'a name by which llama.cpp does not find it',
      [part(0), part(1, 2, 3, 'm2.gguf')],
      /looks for m-00002-of-00002/,
    ],
    ['two whole models', [file('a', ggufFile(tinyWith({}))), file('b', ggufFile(tinyWith({})))], /not one/],
  ])('refuses: %s', (_, files, message) => {
    expect(() => checkTogether(files as ModelFile[])).toThrow(message as RegExp);
  });

  it('wants the files that an ONNX model reads', () => {
    const model = file(
      'model.onnx',
      onnxFile({ tensors: [externalTensor({ location: 'w.bin', offset: '64' })] }),
    );
    const weights = (size: number): ModelFile => ({ name: 'w.bin', size, facts: null });
    expect(() => checkTogether([model, weights(192)])).not.toThrow();
    expect(() => checkTogether([model, weights(191)])).toThrow(/191 bytes/);
    expect(() => checkTogether([model])).toThrow(/not there/);
  });
});
