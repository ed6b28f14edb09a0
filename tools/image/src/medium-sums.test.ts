import { expect, it } from 'vitest';
import { withoutBootImage } from './medium-sums';

const others = 'aa  ./boot/grub/grub.cfg\nbb  ./boot/grub/grub_eltorito.txt\n';

it('leaves out what xorriso changes, and nothing else', () => {
  expect(withoutBootImage(`cc  ./boot/grub/grub_eltorito\n${others}`)).toBe(others);
});

it('says so where live-build no longer lists it', () => {
  expect(() => withoutBootImage(others)).toThrow(expect.objectContaining({ code: 'no-boot-image' }));
});
