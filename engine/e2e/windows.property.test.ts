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
  LocalEnvironment,
  OutputTag,
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
