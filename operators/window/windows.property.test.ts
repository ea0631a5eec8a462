import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputTag } from '../contract/function.ts'
import { type OperatorHarness, operatorHarness } from '../testing/operator-harness.ts'
import {
  type Event,
  type Fired,
  type Firing,
  type Kind,
  ReferenceWindows,
} from './fixtures/reference-windows.ts'
import { Trigger, triggers } from './trigger.ts'
import {
  globalWindow,
  session,
  sliding,
  slidingCount,
  tumbling,
  type WindowAssigner,
} from './window-assigner.ts'
import {
  aggregateContents,
  countContents,
  listContents,
  sumContents,
  type WindowContents,
} from './window-contents.ts'
import { windowFactory } from './window-factory.ts'

const late = new OutputTag<Event>('late')

function assignerOf(kind: Kind): WindowAssigner {
  switch (kind.type) {
    case 'session':
      return session(kind.gap)
    case 'count':
      return slidingCount(kind.size, kind.slide)
    case 'global':
      return globalWindow()
    case 'aligned':
      return kind.size === kind.slide
        ? tumbling(kind.size, kind.offset)
        : sliding(kind.size, kind.slide, kind.offset)
  }
}

/** Merges in place, so that a shared accumulator would be found out. */
const inPlace = {
  create: () => ({ sum: 0, values: [] as number[] }),
  add: (a: { sum: number; values: number[] }, { value }: Event) => {
    a.sum += value
    a.values.push(value)
    return a
  },
  result: (a: { sum: number }) => ({ ...a }),
}
const merging = {
  ...inPlace,
  merge: (a: { sum: number; values: number[] }, b: { sum: number; values: number[] }) => {
    a.sum += b.sum
    a.values.push(...b.values)
    return a
  },
}

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
const bag = (values: readonly number[]) => values.toSorted((a, b) => a - b)

/** Contents, and what is expected of a window's value: it may leave the order open. */
const contents: Record<
  string,
  [WindowContents, (value: any) => unknown, (v: readonly number[]) => unknown]
> = {
  count: [countContents(), (n) => n, (values) => values.length],
  sum: [sumContents((event: Event) => event.value), (n) => n, total],
  list: [listContents(), (events) => events.map((e: Event) => e.value), (values) => values],
  'an aggregate that merges': [
    aggregateContents(merging),
    ({ sum, values }) => [sum, bag(values)],
    (values) => [total(values), bag(values)],
  ],
  'an aggregate that does not': [
    aggregateContents(inPlace),
    ({ sum, values }) => [sum, values],
    (values) => [total(values), values],
  ],
}

const key = fc.constantFrom('a', 'b', 'c')
/** In order but for jumps back; the watermark follows at a distance. */
const script = fc.record({
  steps: fc.array(
    fc.record({
      key,
      forward: fc.oneof({ weight: 8, arbitrary: fc.nat(4) }, fc.nat(40)),
      back: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(25)),
      told: fc.boolean(),
      batch: fc.boolean(),
    }),
    { maxLength: 60 },
  ),
  start: fc.nat(30),
  bound: fc.oneof(fc.constant(0), fc.nat(12)),
})
type Script = typeof script extends fc.Arbitrary<infer S> ? S : never

const aligned: fc.Arbitrary<Kind> = fc
  .tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: -9, max: 9 }),
  )
  .map(([a, b, offset]) => ({
    type: 'aligned',
    size: Math.max(a, b),
    slide: Math.min(a, b),
    offset,
  }))
const kinds: Record<string, fc.Arbitrary<Kind>> = {
  tumbling: aligned.map((kind) => ({ ...kind, slide: (kind as { size: number }).size }) as Kind),
  sliding: aligned,
  session: fc.integer({ min: 1, max: 15 }).map((gap) => ({ type: 'session', gap })),
  count: aligned.map((kind) => ({ ...kind, type: 'count' }) as Kind),
  global: fc.constant({ type: 'global' }),
}

interface Machine {
  add(event: Event): void
  advance(watermark: number): void
  batch(): void
}

/** Plays a script; the last watermark is the end of input. */
function play({ steps, start, bound }: Script, machine: Machine): void {
  let highest = start
  let watermark = Number.NEGATIVE_INFINITY
  for (const [value, { key, forward, back, told, batch }] of steps.entries()) {
    highest += forward
    machine.add({ key, at: Math.max(0, highest - back), value })
    if (batch) machine.batch()
    if (!told || highest - bound <= watermark) continue
    watermark = highest - bound
    machine.advance(watermark)
  }
  machine.batch()
  machine.advance(Number.POSITIVE_INFINITY)
}

const byKey = (fired: readonly Fired[]) => Object.groupBy(fired as Fired[], ([key]) => key)

function machineOf(operator: OperatorHarness, combiner: OperatorHarness | undefined): Machine {
  if (combiner === undefined) {
    return {
      add: (event) => void operator.push(event, { key: event.key, timestamp: event.at }),
      advance: (watermark) => void operator.advanceWatermark(watermark),
      batch: () => void operator.endOfBatch(),
    }
  }
  const forward = () => {
    for (const packet of combiner.packets.splice(0)) operator.push(packet)
  }
  return {
    add: (event) => {
      combiner.push(event, { key: event.key, timestamp: event.at })
      forward()
    },
    advance: (watermark) => {
      combiner.advanceWatermark(watermark)
      forward()
      operator.advanceWatermark(watermark)
    },
    batch: () => {
      combiner.endOfBatch()
      forward()
    },
  }
}

describe.each(Object.entries(kinds))('%s windows are as written down', (name, kind) => {
  it.each(Object.entries(contents))('%s', (what, [made, got, expected]) => {
    if (name === 'session' && made.merge === undefined) return
    const pressed = fc.boolean()
    const lateness = fc.oneof(fc.constant(0), fc.nat(20))
    fc.assert(
      fc.property(kind, script, lateness, pressed, (kind, script, latenessMs, pressed) => {
        const reference = new ReferenceWindows(kind, latenessMs)
        play(script, {
          add: (event) => reference.add(event),
          advance: (watermark) => reference.advance(watermark),
          batch: () => undefined,
        })
        const factory = windowFactory({
          assigner: assignerOf(kind),
          contents: made,
          event: true,
          latenessMs,
          trigger: triggers.eventTime(),
          late,
          process: undefined,
        })
        const combines = factory.combiner !== undefined
        expect(combines).toBe(
          kind.type === 'aligned' &&
            latenessMs === 0 &&
            made.merge !== undefined &&
            what !== 'list',
        )
        for (const combined of combines ? [false, true] : [false]) {
          const operator = operatorHarness(factory, { combined, pressed })
          const combiner = combined ? operatorHarness(factory.combiner, { pressed }) : undefined
          play(script, machineOf(operator, combiner))
          const fired = operator.output.map(
            ({ key, start, end, value }: any): Fired => [key, start, end, got(value) as any],
          )
          const wanted = reference.fired.map(
            ([key, start, end, values]): Fired => [key, start, end, expected(values) as any],
          )
          expect(byKey(fired)).toEqual(byKey(wanted))
          expect(operator.sideOutput(late)).toEqual(reference.late)
          expect(operator.dropped).toBe(reference.late.length)
        }
      }),
      { numRuns: 150 },
    )
  })
})

const firing: fc.Arbitrary<Firing> = fc.record({
  type: fc.constantFrom('eventTime', 'count', 'every'),
  n: fc.integer({ min: 1, max: 12 }),
  purges: fc.boolean(),
})

/** As `machineOf`, but for every so many steps after which it goes on from a checkpoint. */
function restoring(operator: OperatorHarness, every: number): Machine {
  const machine = machineOf(operator, undefined)
  let steps = 0
  let watermark = Number.NEGATIVE_INFINITY
  return {
    add(event) {
      machine.add(event)
      if (++steps % every !== 0) return
      operator.restore(operator.snapshot())
      operator.advanceWatermark(watermark)
    },
    advance(to) {
      watermark = to
      machine.advance(to)
    },
    batch: () => machine.batch(),
  }
}

const timed = Object.entries(kinds).filter(([name]) => name !== 'count')

describe.each(timed)('%s windows with any trigger, lateness and restarts', (name, kind) => {
  it.each(Object.entries(contents))('%s', (_, [made, got, expected]) => {
    if (name === 'session' && made.merge === undefined) return
    const lateness = fc.oneof(fc.constant(0), fc.nat(20), fc.constant(Number.POSITIVE_INFINITY))
    const restarts = fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 20 }))
    fc.assert(
      fc.property(
        kind,
        script,
        lateness,
        firing,
        fc.boolean(),
        restarts,
        (kind, script, latenessMs, firing, pressed, every) => {
          const reference = new ReferenceWindows(kind, latenessMs, firing)
          play(script, {
            add: (event) => reference.add(event),
            advance: (watermark) => reference.advance(watermark),
            batch: () => undefined,
          })
          const factory = windowFactory({
            assigner: assignerOf(kind),
            contents: made,
            event: true,
            latenessMs,
            trigger: new Trigger(firing.type, firing.n, firing.purges),
            late,
            process: undefined,
          })
          const operator = operatorHarness(factory, { pressed })
          play(script, restoring(operator, every))
          const fired = operator.output.map(
            ({ key, start, end, value }: any): Fired => [key, start, end, got(value) as any],
          )
          const wanted = reference.fired.map(
            ([key, start, end, values]): Fired => [key, start, end, expected(values) as any],
          )
          expect(byKey(fired)).toEqual(byKey(wanted))
          expect(operator.sideOutput(late)).toEqual(reference.late)
          expect(operator.dropped).toBe(reference.late.length)
          if (latenessMs < Number.POSITIVE_INFINITY) expect(operator.keyed.store.size).toBe(0)
        },
      ),
      { numRuns: 150 },
    )
  })
})
