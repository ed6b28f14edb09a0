import { expect, it } from 'vitest';
import { parseExtent } from './damage';

it('reads where a file lies from what xorriso prints', () => {
  const report = `Report layout: xt , Startlba ,   Blocks , Filesize , ISO image path
File data lba:  0 ,       57 ,     5873 , 12027904 , '/live/vmlinuz'
`;
  expect(parseExtent(report)).toEqual({ offset: 57 * 2048, length: 12027904 });
});

it('finds nothing where there is nothing', () => {
  expect(
    parseExtent('Report layout: xt , Startlba ,   Blocks , Filesize , ISO image path\n'),
  ).toBeUndefined();
});
