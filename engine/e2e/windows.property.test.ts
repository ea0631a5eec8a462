import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Event,
  type Fired,
  type Kind,
  ReferenceWindows,
} from '../../operators/window/fixtures/reference-windows.ts'
import {
  globalWindow,
  type JobResult,
  LocalEnvironment,
  OutputTag,
  type PartitionedSource,
  session,
  sliding,
  slidingCount,
  type WindowAssigner,
  watermarks,
} from '../index.ts'

// Whole jobs, with exchanges and combiners between the threads' parts. Events come in order up to the bound of the
// watermarks, so that none is late and the result is one, whatever the parallelism.

const kinds: [Kind, WindowAssigner][] = [
  [{ type: 'aligned', size: 10, slide: 10, offset: 0 }, sliding(10, 10)],
  [{ type: 'aligned', size: 20, slide: 5, offset: 3 }, sliding(20, 5, 3)],
  [{ type: 'aligned', size: 10, slide: 4, offset: 0 }, sliding(10, 4)],
  [{ type: 'session', gap: 6 }, session(6)],
  [{ type: 'count', size: 4, slide: 3 }, slidingCount(4, 3)],
  [{ type: 'global' }, globalWindow()],
]
const BOUND = 8
const late = new OutputTag<Event>('late')

const events = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      forward: fc.oneof({ weight: 6, arbitrary: fc.nat(3) }, fc.nat(25)),
      back: fc.oneof(fc.constant(0), fc.nat(BOUND)),
    }),
    { maxLength: 120 },
  )
  .map((steps): Event[] => {
    let highest = 0
    return steps.map(({ key, forward, back }, value) => {
      highest += forward
      return { key, at: Math.max(0, highest - back), value }
    })
  })

function expectedOf(kind: Kind, events: readonly Event[]): Record<string, unknown> {
  const reference = new ReferenceWindows(kind, 0)
  for (const event of events) reference.add(event)
  reference.advance(Number.POSITIVE_INFINITY)
  return byWindow(
    reference.fired.map(([key, start, end, values]) => [key, start, end, summary(values)]),
  )
}

const summary = (values: readonly number[]) => [values.length, values.reduce((a, b) => a + b, 0)]

function byWindow(fired: readonly (readonly [...unknown[]])[]): Record<string, unknown> {
  const found: Record<string, unknown[]> = {}
  for (const [key, start, end, value] of fired) (found[`${key} ${start} ${end}`] ??= []).push(value)
  return found
}

describe.each([1, 3])('parallelism %d', (parallelism) => {
  it.each(kinds)('%j', async (kind, assigner) => {
    await fc.assert(
      fc.asyncProperty(events, async (events) => {
        const env = new LocalEnvironment('windows', { mode: 'inline', parallelism })
        const windowed = env
          .fromCollection(events)
          .assignTimestamps(({ at }) => at, watermarks.boundedOutOfOrderness(BOUND))
          .keyBy(({ key }) => key)
          .window(assigner)
          .lateOutput(late)
        const merged = windowed.aggregate({
          create: () => [0, 0],
          add: ([n, sum], { value }) => [n + 1, sum + value],
          merge: ([n, a], [m, b]) => [n + m, a + b],
        })
        const listed = windowed.toArray()
        const outputs = [
          merged.output('merged'),
          listed
            .map((one) => ({ ...one, value: summary(one.value.map((e) => e.value)) }))
            .output('listed'),
        ]
        const lost = merged.sideOutput(late).output('lost')
        const done = env.submit({ autostop: true })
        const [results, lists, none] = await Promise.all([
          outputs[0].toArray(),
          outputs[1].toArray(),
          lost.toArray(),
        ])
        await done
        const rows = (found: typeof results) =>
          byWindow(found.map(({ key, start, end, value }): Fired => [key, start, end, value]))
        const expected = expectedOf(kind, events)
        expect(rows(results)).toEqual(expected)
        expect(rows(lists)).toEqual(expected)
        expect(none).toEqual([])
      }),
      { numRuns: 15 },
    )
  })
})

// Several partitions, each out of order by more than its watermark allows: which records are late depends on how partitions
// are read side by side, but each is in a window or late, once.

const partitioned = fc.array(
  fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      forward: fc.oneof({ weight: 6, arbitrary: fc.nat(3) }, fc.nat(40)),
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(30)),
    }),
    { maxLength: 60 },
  ),
  { minLength: 1, maxLength: 4 },
)

/** Reads a few records of each partition at a time. */
function sourceOf(partitions: readonly (readonly Event[])[]): PartitionedSource<Event> {
  return {
    partitions: () => partitions.map((_, i) => `${i}`),
    open(name) {
      let at = 0
      return {
        next(max) {
          const taken = partitions[Number(name)].slice(at, at + Math.min(max, 1 + (at % 7)))
          at += taken.length
          return taken.length === 0 ? null : taken
        },
        position: () => at,
      }
    },
  }
}

describe.each([1, 2, 3])('late records, parallelism %d', (parallelism) => {
  it.each<[string, WindowAssigner, number]>([
    ['tumbling', sliding(10, 10), 0],
    ['tumbling, lateness', sliding(10, 10), 15],
    ['session', session(4), 0],
    ['session, lateness', session(4), 15],
  ])('%s: every record is in a window or late, once', async (_, assigner, lateness) => {
    await fc.assert(
      fc.asyncProperty(partitioned, async (steps) => {
        let id = 0
        const partitions = steps.map((partition) => {
          let highest = 30
          return partition.map(({ key, forward, back }): Event => {
            highest += forward
            return { key, at: highest - back, value: id++ }
          })
        })
        const env = new LocalEnvironment('late', { mode: 'inline', parallelism })
        const windowed = env
          .fromSource(sourceOf(partitions))
          .assignTimestamps(({ at }) => at, watermarks.boundedOutOfOrderness(3))
          .keyBy(({ key }) => key)
          .window(assigner)
          .allowedLateness(lateness)
          .lateOutput(late)
        const counted = windowed.count()
        const listed = windowed.toArray()
        const outputs = [
          counted.output('counts'),
          counted.sideOutput(late).output('late of counts'),
          listed.output('lists'),
          listed.sideOutput(late).output('late of lists'),
        ]
        const done = env.submit({ autostop: true })
        const [counts, lateOfCounts, lists, lateOfLists]: any[][] = await Promise.all(
          outputs.map((output) => output.toArray() as Promise<unknown[]>),
        )
        const { operators } = (await done) as JobResult
        const dropped = operators.filter(({ kind }) => kind === 'window').map((op) => op.dropped)
        expect(dropped).toEqual([lateOfCounts.length, lateOfLists.length])
        // A later result of a window holds what the earlier ones did.
        const last = new Map(lists.map(({ key, value }) => [`${key} ${value[0].value}`, value]))
        const inWindows = [...last.values()].flat().map((event) => event.value)
        const all = [...new Set(inWindows), ...lateOfLists.map((event) => event.value)]
        expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: id }, (_, i) => i))
        if (lateness > 0) return
        expect(inWindows.length + lateOfLists.length).toBe(id)
        const onTime = counts.reduce((sum, { value }) => sum + value, 0)
        expect(onTime + lateOfCounts.length).toBe(id)
      }),
      { numRuns: 15 },
    )
  })
})
