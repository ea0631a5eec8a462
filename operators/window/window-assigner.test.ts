import { describe, expect, it } from 'vitest'
import { type Trigger, triggers } from './trigger.ts'
import {
  requireAssigner,
  session,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
} from './window-assigner.ts'

const refused = (text: string) =>
  expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(text) })

describe('assigners', () => {
  it('say which windows a time belongs to', () => {
    expect([...tumbling('10s', '-4s').assign(0, 5_999)]).toEqual([{ start: -4_000, end: 6_000 }])
    expect([...tumbling(10, -4).assign(0, 6)]).toEqual([{ start: 6, end: 16 }])
    expect([...sliding(10, 4, 1).assign(0, 9)]).toEqual([
      { start: 1, end: 11 },
      { start: 5, end: 15 },
      { start: 9, end: 19 },
    ])
    expect([...session('1s').assign(0, 5)]).toEqual([{ start: 5, end: 1_005 }])
  })

  it.each([
    [() => tumbling(0), 'tumbling size: expected a whole number of milliseconds > 0, got 0'],
    [() => tumbling(-1 as never), 'tumbling size'],
    [() => tumbling(Number.NaN), 'tumbling size'],
    [() => tumbling(Number.POSITIVE_INFINITY), 'got Infinity'],
    [() => tumbling(0.5), 'whole number'],
    [() => tumbling('10' as never), 'tumbling size'],
    [() => tumbling(10, Number.NaN), 'tumbling offset'],
    [() => tumbling(10, 'x' as never), 'tumbling offset'],
    [() => sliding(10, 11), 'a slide of at most the size, 10, got 11: records between'],
    [() => sliding(10, 0), 'sliding slide'],
    [() => sliding('1s', '1500ms'), 'got 1500'],
    [() => session(-5 as never), 'session gap'],
    [() => session(0), 'session gap'],
    [() => tumblingCount(0), 'tumblingCount n: expected an integer >= 1, got 0'],
    [() => tumblingCount(1.5), 'got 1.5'],
    [() => slidingCount(2, 3), 'a slide of at most the size, 2, got 3'],
    [() => slidingCount(2, 0), 'slidingCount slide'],
    [() => requireAssigner({}), 'window: expected an assigner'],
    [() => requireAssigner('10s'), 'got "10s"'],
    [() => triggers.count(0), 'triggers.count'],
    [() => triggers.every(0), 'triggers.every'],
    [() => triggers.every(Number.POSITIVE_INFINITY), 'triggers.every'],
    [() => triggers.purging({} as Trigger), 'triggers.purging: expected one of triggers'],
  ])('%s is refused', (make, text) => {
    expect(make).toThrow(refused(text))
  })
})
