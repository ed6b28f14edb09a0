import { expect, test } from 'vitest';
import { layerName } from './layers';

const debian = (name: string, version = '1') => ({ name, version, ours: false });

test("a layer is named by Debian's packages and their versions, in whatever order", () => {
  const name = layerName([debian('a'), debian('b')]);
  expect(layerName([debian('b'), debian('a')])).toBe(name);
  expect(layerName([debian('a'), debian('b', '2')])).not.toBe(name);
  expect(layerName([debian('a')])).not.toBe(name);
});

test('ours do not make another layer', () => {
  const name = layerName([debian('a'), { name: 'nanite-x', version: '1', ours: true }]);
  expect(layerName([debian('a'), { name: 'nanite-x', version: '2', ours: true }])).toBe(name);
});
