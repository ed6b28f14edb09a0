import { expect, it } from 'vitest';
import { Meter } from './meter';

it('gives the rate of the last seconds, and the time until all files are done', () => {
  let now = 0;
  const meter = new Meter(() => now);
  meter.expect('a', 1000);
  meter.expect('b', 3000);
  meter.begin('a', 0);
  expect(meter.update('a', 0, 1000)).toEqual({});
  now = 1;
  expect(meter.update('a', 500, 1000)).toEqual({ rate: 500, eta: 7 });
  now = 2;
  // It became slower: 600 bytes in two seconds.
  expect(meter.update('a', 600, 1000)).toEqual({ rate: 300, eta: 11.3 });
});

it('counts what was there already as done, and not as speed', () => {
  let now = 0;
  const meter = new Meter(() => now);
  meter.expect('a', 1_000_000);
  meter.begin('a', 900_000);
  meter.update('a', 900_000, 1_000_000);
  now = 1;
  expect(meter.update('a', 910_000, 1_000_000)).toEqual({ rate: 10_000, eta: 9 });
});

it('forgets how fast it was long ago, and gives no time where a size is not known', () => {
  let now = 0;
  const meter = new Meter(() => now);
  meter.expect('a', null);
  meter.begin('a', 0);
  let last = {};
  for (let second = 0, bytes = 0; second <= 20; second++) {
    now = second;
    last = meter.update('a', bytes, null);
    bytes += second < 10 ? 1_000_000 : 1000;
  }
  expect(last).toEqual({ rate: 1000 });
});
