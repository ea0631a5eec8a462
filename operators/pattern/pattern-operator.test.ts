import { describe, expect, it } from 'vitest'
import { OutputTag } from '../contract/function.ts'
import { type HarnessOptions, operatorHarness } from '../testing/operator-harness.ts'
import { is, type Letter, letters, spell, start } from './fixtures/letters.ts'
import type { Pattern } from './pattern.ts'
import { compilePattern } from './pattern-machine.ts'
import { type PatternOutputs, patternFactory, type TimedOutFunction } from './pattern-operator.ts'

const timedOut = new OutputTag<unknown>('timed out')
const late = new OutputTag<Letter>('late')
const ab = start.begin('a').where(is('a')).followedBy('b').where(is('b'))

/** An operator under test, which takes `'k:a1@5'`: key, letter, event time. */
class Rig {
  readonly harness: ReturnType<typeof operatorHarness>

  constructor(
    pattern: Pattern<Letter, any>,
    options: HarnessOptions & { fn?: TimedOutFunction } = {},
  ) {
    const outputs: PatternOutputs = { timedOut: { tag: timedOut, fn: options.fn }, late }
    this.harness = operatorHarness(patternFactory(compilePattern(pattern), outputs), options)
  }

  event(text: string): void {
    for (const [key, letter] of keyed(text))
      this.harness.push(letter, { key, timestamp: letter.at })
  }

  arrival(text: string): void {
    for (const [key, letter] of keyed(text)) this.harness.push(letter, { key })
  }

  /** The event times of the matches since the last look. */
  times(): number[] {
    return this.harness.packets.map(({ timestamp }) => timestamp / 1e6)
  }

  /** The matches since the last look: `'k: a1 b1'`. */
  told(): string[] {
    this.harness.output.length = 0
    return this.harness.packets
      .splice(0)
      .map(({ partitionKey, payload }) => `${partitionKey}: ${spell(payload)}`)
  }

  timedOut(): string[] {
    return this.harness.sideOutput(timedOut).splice(0).map(String)
  }
}

function keyed(text: string): [string, Letter][] {
  return text.split(' ').map((word) => {
    const [key, letter] = word.split(':')
    return [key, letters(letter)[0]]
  })
}

const spelled: TimedOutFunction = (partial, ctx) =>
  `${ctx.key}: ${spell(partial)} @${ctx.timestamp}`

describe('in event time', () => {
  it('matches come with the watermark, by time over all keys', async () => {
    const rig = new Rig(ab.within(100), { fn: spelled })
    rig.event('k:b1@30 l:a1@10 k:a1@20 l:b1@25 k:b2@40')
    expect(rig.told()).toEqual([])
    rig.harness.advanceWatermark(29)
    expect(rig.told()).toEqual(['l: a1 b1'])
    rig.event('k:a2@50')
    rig.harness.advanceWatermark(40)
    expect(rig.told()).toEqual(['k: a1 b1'])
    expect(rig.timedOut()).toEqual([])
    await rig.harness.end()
    expect(rig.timedOut()).toEqual(['k: a2 @150'])
  })

  it('late events are counted and told', () => {
    const rig = new Rig(ab)
    rig.event('k:a1@5')
    rig.harness.advanceWatermark(20)
    rig.event('k:b1@19 l:a1@3 k:b2@20')
    expect(rig.told()).toEqual(['k: a1 b2'])
    expect(rig.harness.dropped).toBe(2)
    expect(rig.harness.sideOutput(late).map((letter: any) => letter.id)).toEqual(['b1', 'a1'])
  })

  it('an event on which a condition throws is left out; those behind it are matched', () => {
    const pattern = start
      .begin('a')
      .where((letter) => {
        if (letter.id === 'a2') throw new Error('broken')
        return letter.kind === 'a'
      })
      .next('b')
      .where(is('b'))
    const rig = new Rig(pattern, { errors: 'skip' })
    rig.event('k:a1@1 k:b1@2 k:a2@3 k:a3@4 k:b3@5')
    rig.harness.advanceWatermark(10)
    expect(rig.told()).toEqual(['k: a1 b1', 'k: a3 b3'])
    expect(rig.harness.errors).toBe(1)
  })

  it('an event of the watermark’s own time that fails has not happened', () => {
    const pattern = start.begin('a').where((letter) => {
      if (letter.id === 'x') throw new Error('broken')
      return true
    })
    const rig = new Rig(pattern, { errors: 'skip' })
    rig.harness.advanceWatermark(5)
    rig.event('k:x@5 k:a@5')
    expect(rig.harness.errors).toBe(1)
    expect(rig.told()).toEqual(['k: a'])
  })
})

describe('in processing time', () => {
  it('events are matched as they come; time limits are those of the clock', async () => {
    const rig = new Rig(ab.within(10), { startMs: 100, fn: (partial) => spell(partial) })
    rig.arrival('k:a1 l:a1')
    rig.harness.advanceTime(9)
    rig.arrival('k:b1')
    expect(rig.told()).toEqual(['k: a1 b1'])
    rig.harness.advanceTime(1)
    expect(rig.timedOut()).toEqual(['a1'])
    rig.arrival('l:b1 l:a2')
    expect(rig.told()).toEqual([])
    // The end of input is the end of all time.
    await rig.harness.end()
    expect(rig.timedOut()).toEqual(['a2'])
  })

  it('completes what waits for nothing to come', () => {
    const rig = new Rig(
      start.begin('a').where(is('a')).notFollowedBy('b').where(is('b')).within(10),
    )
    rig.arrival('k:a1 l:a1 l:b1')
    rig.harness.advanceTime(10)
    expect(rig.told()).toEqual(['k: a1'])
  })

  it('what throws for a partial match does so between two records, and once', () => {
    const rig = new Rig(ab.within(10), {
      errors: 'skip',
      fn: (partial) => {
        if (partial.a[0].id === 'a1') throw new Error('broken')
        return spell(partial)
      },
    })
    rig.arrival('k:a1 k:a2')
    rig.harness.advanceTime(10)
    rig.harness.advanceTime(1)
    expect(rig.harness.errors).toBe(1)
    expect(rig.timedOut()).toEqual(['a2'])
    rig.arrival('k:a3 k:b3')
    expect(rig.told()).toEqual(['k: a3 b3'])
  })
})

describe('at the end of input', () => {
  // Every a that has no b holds up the matches behind it.
  const pattern = start
    .begin('a')
    .where(is('a'))
    .followedBy('b')
    .where((letter, { matched }) => letter.id === matched.a[0].id.replace('a', 'b'))
    .skipPastLastEvent()
  const input = 'k:a1@1 k:a2@2 k:a3@3 k:b3@4 k:b2@5 k:a4@6 k:b4@7 l:a1@8 l:b1@9'

  it.each(['event', 'processing'])('what waits for others is told, in %s time', async (domain) => {
    const rig = new Rig(pattern)
    if (domain === 'event') rig.event(input)
    else rig.arrival(input)
    rig.harness.advanceWatermark(20)
    expect(rig.told()).toEqual(['l: a1 b1'])
    await rig.harness.end()
    // No earlier than the watermark, so that they are late to nobody.
    if (domain === 'event') expect(rig.times()).toEqual([20, 20])
    // a2 b2 forbids a3 b3.
    expect(rig.told()).toEqual(['k: a2 b2', 'k: a4 b4'])
  })

  it('also in a job that ends as soon as it has resumed', async () => {
    const rig = new Rig(pattern)
    rig.event(input)
    rig.harness.advanceWatermark(20)
    rig.told()
    rig.harness.restore(rig.harness.snapshot())
    await rig.harness.end()
    expect(rig.times()).toEqual([7, 7])
    expect(rig.told()).toEqual(['k: a2 b2', 'k: a4 b4'])
  })
})

it('keeps nothing of a key whose partial matches have ended', () => {
  const rig = new Rig(ab.within(1000))
  const { keyed: state } = rig.harness
  for (let i = 0; i < 100; i++) rig.event(`k${i}:a@${i}`)
  expect(state.store.size).toBe(100)
  rig.harness.advanceWatermark(100)
  expect(state.store.size).toBe(100)
  for (let i = 0; i < 100; i++) rig.event(`k${i}:b@${200 + i} k${i}:x@400`)
  rig.harness.advanceWatermark(399)
  expect(rig.told()).toHaveLength(100)
  expect(state.eventTimers.size).toBe(100)
  rig.harness.advanceWatermark(400)
  expect(state.store.size).toBe(0)
  expect(state.eventTimers.size).toBe(0)
})

it('goes on from a snapshot as if nothing had happened', async () => {
  const rig = new Rig(ab.within(100), { fn: spelled })
  const { harness } = rig
  rig.event('k:a1@10 l:a1@20 k:b1@50')
  harness.advanceWatermark(20)
  harness.restore(harness.snapshot())
  // What a watermark has reached is matched; what waits for one still does.
  harness.advanceWatermark(60)
  expect(rig.told()).toEqual(['k: a1 b1'])
  harness.restore(harness.snapshot())
  harness.advanceWatermark(120)
  expect(rig.timedOut()).toEqual(['l: a1 @120'])
  expect(harness.keyed.store.size).toBe(0)
})

it('refuses records without timestamps among those with', () => {
  const rig = new Rig(ab)
  rig.event('k:a1@5')
  expect(() => rig.arrival('k:b1')).toThrowError(
    expect.objectContaining({
      code: 'SAGE_TIMESTAMP',
      message: expect.stringContaining('expected all records with timestamps'),
    }),
  )
})

it('takes the functions of its outputs into the comparison of graphs', () => {
  const outputs: PatternOutputs = { timedOut: undefined, late: undefined }
  const factory = patternFactory(compilePattern(ab), outputs)
  expect(factory.functions).toHaveLength(2)
  outputs.timedOut = { tag: timedOut, fn: spelled }
  expect(factory.functions.at(-1)).toBe(spelled)
})
