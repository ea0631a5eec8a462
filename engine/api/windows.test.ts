import { beforeEach, describe, expect, it } from 'vitest'
import { OutputTag } from '../../operators/contract/function.ts'
import { watermarks } from '../../operators/time/watermark-strategy.ts'
import { triggers } from '../../operators/window/trigger.ts'
import {
  session,
  sliding,
  tumbling,
  tumblingCount,
} from '../../operators/window/window-assigner.ts'
import { describeGraph } from '../graph/fingerprint.ts'
import { errorOf, TestEnvironment } from './fixtures/test-environment.ts'
import { KeyedStream, WindowedStream } from './stream-classes.ts'

let env: TestEnvironment
let keyed: any
let timed: any

beforeEach(() => {
  env = new TestEnvironment('test')
  const numbers = env.fromCollection([1, 2, 3])
  keyed = numbers.keyBy((n) => n % 2)
  timed = numbers.assignTimestamps((n) => n, watermarks.monotonic()).keyBy((n) => n % 2)
})

describe('window', () => {
  it('gives a keyed stream, and changes nothing that was said before', () => {
    const windowed = timed.window(tumbling(10))
    expect(windowed).toBeInstanceOf(WindowedStream)
    const lenient = windowed.allowedLateness('1s').lateOutput(new OutputTag('late'))
    expect(lenient).not.toBe(windowed)
    expect(windowed.count()).toBeInstanceOf(KeyedStream)
    lenient.count({ name: 'lenient', uid: 'w', parallelism: 2 })
    const [strict, named] = env.graph.nodes.slice(-2)
    expect([strict.name, strict.kind, named.name, named.uid]).toEqual([
      'window',
      'window',
      'lenient',
      'w',
    ])
    expect(strict.options).toMatchObject({ method: 'count', size: 10, latenessMs: 0 })
    expect(named.options).toMatchObject({ latenessMs: 1_000, late: 'late' })
  })

  it('graphs of other windows are other graphs', () => {
    const text = (make: (w: any) => void) => {
      const env = new TestEnvironment('test')
      make(
        env
          .fromCollection([1])
          .assignTimestamps((n) => n, watermarks.monotonic())
          .keyBy((n) => n),
      )
      return describeGraph(env.graph, { sourceText: true }).join('\n')
    }
    const made = [
      (w: any) => w.window(tumbling(10)).count(),
      (w: any) => w.window(tumbling(11)).count(),
      (w: any) => w.window(tumbling(10, 1)).count(),
      (w: any) => w.window(sliding(10, 5)).count(),
      (w: any) => w.window(session(10)).count(),
      (w: any) => w.window(tumbling(10)).allowedLateness(1).count(),
      (w: any) => w.window(tumbling(10)).trigger(triggers.count(2)).count(),
      (w: any) => w.window(tumbling(10)).trigger(triggers.count(3)).count(),
      (w: any) => w.window(tumbling(10)).min((n: number) => n),
      (w: any) => w.window(tumbling(10)).max((n: number) => n),
      (w: any) => w.window(tumbling(10)).toArray(),
      (w: any) => w.window(tumbling(10)).process(() => {}),
      (w: any) => w.intervalJoin(w, { before: 1 }),
      (w: any) => w.intervalJoin(w, { after: 1 }),
    ]
    expect(new Set(made.map(text)).size).toBe(made.length)
    expect(text(made[3])).toBe(text((w) => w.window(sliding('10ms', '5ms')).count()))
  })

  it('partial results cross where they can: event time, at the end of windows, mergeable', () => {
    const sum = { create: () => 0, add: (a: number, b: number) => a + b }
    const merging = { ...sum, merge: sum.add }
    const combines = (make: (stream: any) => void, stream = timed): boolean => {
      make(stream)
      const { body } = env.graph.nodes.at(-1)!
      return 'factory' in body && (body.factory as { combiner?: unknown }).combiner !== undefined
    }
    expect(combines((s) => s.window(sliding(10, 5)).aggregate(merging))).toBe(true)
    expect(combines((s) => s.window(tumbling(10)).reduce(sum.add))).toBe(true)
    expect(combines((s) => s.window(tumbling(10)).trigger(triggers.eventTime()).count())).toBe(true)
    expect(combines((s) => s.window(tumbling(10)).count(), keyed)).toBe(false)
    expect(combines((s) => s.window(tumbling(10)).aggregate(sum))).toBe(false)
    expect(combines((s) => s.window(tumbling(10)).allowedLateness(1).count())).toBe(false)
    expect(combines((s) => s.window(tumbling(10)).trigger(triggers.every(5)).count())).toBe(false)
    expect(combines((s) => s.window(tumbling(10)).toArray())).toBe(false)
  })

  it('refuses what it does not know', () => {
    const w = timed.window(tumbling(10))
    const sum = { create: () => 0, add: (a: number, b: number) => a + b }
    const refused: readonly [() => unknown, string][] = [
      [() => timed.window(), 'SAGE_OPTION: window: expected an assigner'],
      [() => timed.window(10), 'SAGE_OPTION: window: expected an assigner'],
      [() => w.allowedLateness(-1), 'SAGE_OPTION: allowedLateness: expected a duration'],
      [() => w.allowedLateness(Number.NaN), 'SAGE_OPTION: allowedLateness'],
      [() => w.lateOutput('late'), 'SAGE_OPTION: lateOutput: expected an OutputTag, got "late"'],
      [() => w.trigger('count'), 'SAGE_OPTION: trigger: expected one of triggers.eventTime()'],
      [
        () => timed.window(tumblingCount(2)).trigger(triggers.count(1)),
        'SAGE_OPTION: trigger: expected windows of time or globalWindow(), got count windows',
      ],
      [
        () => keyed.window(tumbling(10)).trigger(triggers.eventTime()),
        'SAGE_OPTION: trigger: expected windows of event time',
      ],
      [() => w.aggregate({}), 'SAGE_OPTION: aggregate.create: expected { create, add, merge?'],
      [() => w.aggregate(() => 1), 'SAGE_OPTION: aggregate: expected { create, add, merge?'],
      [() => w.aggregate({ ...sum, merge: 1 }), 'SAGE_OPTION: aggregate.merge'],
      [
        () => timed.window(session(10)).aggregate(sum),
        'SAGE_OPTION: aggregate.merge: expected a function (a, b) => accumulator, as sessions merge',
      ],
      [() => w.reduce(class {}), 'SAGE_OPTION: reduce: expected a function'],
      [() => w.sum('n'), 'SAGE_OPTION: sum: expected a function'],
      [() => w.max(1), 'SAGE_OPTION: max: expected a function'],
      [() => w.process(), 'SAGE_OPTION: window process: expected a function'],
      [() => w.count({ size: 1 }), 'SAGE_OPTION: window count: expected options name, uid'],
      [
        () => (env.fromCollection([1]) as any).window(tumbling(1)),
        'SAGE_NOT_KEYED: window: expected a keyed stream',
      ],
    ]
    for (const [call, message] of refused) expect(errorOf(call)).toContain(message)
  })
})

describe('intervalJoin', () => {
  it('refuses what it cannot join', () => {
    const other = new TestEnvironment('other').fromCollection([1]).keyBy((n) => n)
    const custom = env
      .fromCollection([1])
      .assignTimestamps((n) => n, watermarks.monotonic())
      .keyBy((n) => n, 'custom', { partition: () => 0 })
    const unkeyed = env.fromCollection([1]).assignTimestamps((n) => n, watermarks.monotonic())
    const refused: readonly [() => unknown, string][] = [
      [() => timed.intervalJoin(5), 'SAGE_OPTION: intervalJoin: expected a stream, got 5'],
      [() => timed.intervalJoin(timed, { before: -1 }), 'SAGE_OPTION: intervalJoin.before'],
      [() => timed.intervalJoin(timed, { after: 'x' }), 'SAGE_OPTION: intervalJoin.after'],
      [
        () => timed.intervalJoin(timed, { within: 1 }),
        'SAGE_OPTION: intervalJoin: expected options before, after',
      ],
      [
        () => timed.intervalJoin(timed, { lateOutput: 'late' }),
        'SAGE_OPTION: intervalJoin.lateOutput: expected an OutputTag, got "late"',
      ],
      [
        () => timed.intervalJoin(keyed, {}),
        "expected timestamps on both streams (assignTimestamps above them), got 'keyBy",
      ],
      [() => timed.intervalJoin(other, {}), 'SAGE_ENVIRONMENTS_DIFFER'],
      [() => timed.intervalJoin(custom, {}), 'SAGE_STRATEGY'],
      [() => timed.intervalJoin(unkeyed, {}), 'SAGE_NOT_KEYED'],
      [() => (unkeyed as any).intervalJoin(timed, {}), 'SAGE_NOT_KEYED: intervalJoin'],
    ]
    for (const [call, message] of refused) expect(errorOf(call)).toContain(message)
    expect(timed.intervalJoin(timed)).toBeInstanceOf(KeyedStream)
  })
})
