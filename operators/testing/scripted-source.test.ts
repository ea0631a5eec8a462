import { describe, expect, it } from 'vitest'
import type { Clock, RuntimeContext } from '../contract/context.ts'
import { IDLE, type PartitionReader } from '../contract/source.ts'
import { functionSource } from '../sources/function.ts'
import { ManualClock } from './manual-clock.ts'
import { ABORT, END, pause, scriptedSource } from './scripted-source.ts'

/** A reader of the script as a job opens it. */
async function open(
  items: readonly unknown[],
  position?: number,
  clock: Clock = new ManualClock(),
) {
  const source = functionSource(scriptedSource(items)).create({ clock } as RuntimeContext)
  expect(await source.partitions()).toEqual(['0'])
  return (await source.open('0', position)) as PartitionReader<unknown, number>
}

describe('scriptedSource', () => {
  it('gives its records up to the next mark, then the end', async () => {
    const reader = await open([1, 2, 3, END, 4])
    expect([reader.next(2), reader.position()]).toEqual([[1, 2], 2])
    expect([reader.next(2), reader.position()]).toEqual([[3], 3])
    expect([reader.next(2), reader.position(), reader.next(2)]).toEqual([null, 4, null])
  })

  it('ends with its last item', async () => {
    const reader = await open([1])
    expect([reader.next(9), reader.next(9), reader.next(9)]).toEqual([[1], null, null])
    expect((await open([])).next(1)).toBeNull()
  })

  it('can be replayed from anywhere, also behind END', async () => {
    const script = ['a', 'b', END, 'c']
    const read = async (position: number) => (await open(script, position)).next(9)
    expect(await Promise.all([0, 1, 2, 3, 4].map(read))).toEqual([
      ['a', 'b'],
      ['b'],
      null,
      ['c'],
      null,
    ])
  })

  it('pauses by the clock of its job, from when the pause is reached', async () => {
    const clock = new ManualClock(50)
    const reader = await open(['a', pause('1s'), pause(10), 'b'], 0, clock)
    clock.advance('1h')
    expect([reader.next(9), reader.next(9)]).toEqual([['a'], IDLE])
    clock.advance(999)
    expect(reader.next(9)).toBe(IDLE)
    clock.advance(1)
    expect([reader.next(9), reader.position()]).toEqual([IDLE, 2])
    clock.advance(10)
    expect([reader.next(9), reader.next(9)]).toEqual([['b'], null])
  })

  it('pauses by the system’s time without a job', async () => {
    const reader = await scriptedSource([pause('1d'), 1]).open('0')
    expect(reader.next(1)).toBe(IDLE)
  })

  it('fails at ABORT the first time only, however often its graph is built', async () => {
    const script = ['a', ABORT, 'b', ABORT]
    const first = await open(script)
    expect(first.next(9)).toEqual(['a'])
    expect(() => first.next(9)).toThrow(
      expect.objectContaining({
        code: 'SAGE_USER_ERROR',
        message: expect.stringContaining('item 1'),
      }),
    )
    const second = await open(script, first.position())
    expect(second.next(9)).toEqual(['b'])
    expect(() => second.next(9)).toThrow(/item 3/)
    const third = await open(script)
    expect([third.next(9), third.next(9), third.next(9)]).toEqual([['a'], ['b'], null])
    const copy = await open([...script])
    expect(copy.next(9)).toEqual(['a'])
    expect(() => copy.next(9)).toThrow(/item 1/)
  })

  it('refuses what is no script', () => {
    expect(() => scriptedSource('abc' as never)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION' }),
    )
    expect(() => pause(-1)).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
  })
})
