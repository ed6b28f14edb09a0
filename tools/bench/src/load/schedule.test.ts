import { describe, expect, it } from 'vitest';
import { summarise } from '../statistics/quantile';
import { Schedule } from './schedule';

describe('Schedule', () => {
  it('gives each request once, at its own time', () => {
    const schedule = new Schedule(500, 0.01);
    expect(schedule.take(-1)).toEqual([]);
    expect(schedule.take(0)).toEqual([0]);
    expect(schedule.take(1.9)).toEqual([]);
    expect(schedule.next).toBe(2);
    expect(schedule.take(6.5)).toEqual([2, 4, 6]);
    expect(schedule.isDone).toBe(false);
    expect(schedule.take(1000)).toEqual([8]);
    expect(schedule.isDone).toBe(true);
    expect(schedule.next).toBe(Infinity);
    expect(schedule.take(2000)).toEqual([]);
  });

  it('does not drift at a rate that is not a whole number of milliseconds', () => {
    const schedule = new Schedule(300, 10);
    let sent = 0;
    for (let now = 0; now < 10_000; now += 0.7) sent += schedule.take(now).length;
    expect(sent).toBe(3000);
  });

  it('charges a stall to every request that it delayed', () => {
    // A server that answers after 1 ms, one request after the other, and once stands still for 100 ms.
    const schedule = new Schedule(500, 1);
    const fromDue: number[] = [];
    const fromSent: number[] = [];
    let now = 0;
    while (!schedule.isDone) {
      for (const due of schedule.take(now)) {
        const sent = now;
        now += due === 500 ? 100 : 1;
        fromDue.push(now - due);
        fromSent.push(now - sent);
      }
      now = Math.max(now, schedule.next === Infinity ? now : schedule.next);
    }
    // Counting from the sending sees one slow request of 500, and a p99 as if nothing had been.
    expect(summarise(fromSent).p99).toBe(1);
    expect(fromDue.filter((latency) => latency > 10).length).toBeGreaterThan(80);
    expect(summarise(fromDue).p99).toBeGreaterThan(90);
  });

  it('refuses a rate of nothing', () => {
    expect(() => new Schedule(0, 1)).toThrow(RangeError);
    expect(() => new Schedule(10, Number.NaN)).toThrow(RangeError);
  });
});
