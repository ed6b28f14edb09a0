import { afterEach, expect, it, vi } from 'vitest';
import { acceleration, probeSector } from './acceleration';

afterEach(() => vi.unstubAllEnvs());

it('is what the person says', () => {
  vi.stubEnv('NANITE_VM_ACCEL', 'kvm');
  expect(acceleration()).toBe('kvm');
  vi.stubEnv('NANITE_VM_ACCEL', 'tcg');
  expect(acceleration()).toBe('tcg');
});

it('is nothing else', () => {
  vi.stubEnv('NANITE_VM_ACCEL', 'xen');
  expect(() => acceleration()).toThrow(expect.objectContaining({ code: 'unknown-acceleration' }));
});

it('is probed with a boot sector whose parts lie where its code says', () => {
  const sector = probeSector();
  expect(sector).toHaveLength(512);
  expect(sector.readUInt16LE(510)).toBe(0xaa55);
  const origin = 0x7c00;
  // lgdt, then the far jump: both name places of the sector.
  expect(sector.readUInt16LE(sector.indexOf(Buffer.from([0x0f, 0x01, 0x16])) + 3)).toBe(origin + 0x30);
  const jump = sector.indexOf(0xea);
  expect(sector.readUInt16LE(jump + 1)).toBe(origin + jump + 5);
  expect(sector.readUInt32LE(0x32)).toBe(origin + 0x40);
});
