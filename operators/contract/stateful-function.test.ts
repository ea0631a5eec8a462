import { describe, expect, it } from 'vitest'
import { registerType } from '../../codec/register-type.ts'
import { filterFactory } from '../basic/filter.ts'
import { flatMapFactory } from '../basic/flat-map.ts'
import { sinkFactory } from '../basic/sink.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { ProcessFunction } from './function.ts'
import { StatefulFunction } from './stateful-function.ts'

/** The specification's example. */
class Counter extends StatefulFunction<unknown, string> {
  count = 0
  execute(data: unknown) {
    this.count += 1
    if (this.count % 2 === 0) this.saveState()
    return `Processed ${this.count} items: ${data}`
  }
}

class Chosen extends StatefulFunction<number, unknown> {
  static override stateInclude = ['total', 'seen', 'absent']
  total = 0
  seen = new Map<number, Date>()
  scratch: unknown = () => 'not data'
  execute(n: number) {
    this.total += n
    this.seen.set(n, new Date(n))
    return { total: this.total, seen: this.seen.size, scratch: typeof this.scratch }
  }
}

class Point {
  readonly x: number
  constructor(x: number) {
    this.x = x
  }
}
registerType(Point, { encode: ({ x }) => x, decode: (x: number) => new Point(x) })

class Opened extends StatefulFunction<number, string> {
  static override stateExclude = ['client']
  client: unknown = undefined
  last = new Point(0)
  calls: string[] = []
  constructor() {
    super()
    this.calls.push('constructor')
  }
  override open() {
    this.client = () => 'socket'
    this.calls.push(`open at ${this.last.x}`)
  }
  execute(n: number) {
    this.last = new Point(n)
    return this.calls.join()
  }
}

describe('StatefulFunction', () => {
  it('goes on where its snapshot was taken; what it does later is not in there', () => {
    const first = operatorHarness(Counter)
    first.push('a')
    first.push('b')
    const snapshot = first.snapshot()
    first.push('c')
    expect(snapshot.operator).toEqual({ count: 2 })
    const second = operatorHarness(Counter)
    second.restore(snapshot)
    second.push('d')
    second.restore(snapshot)
    second.push('e')
    expect(second.output).toEqual(['Processed 3 items: d', 'Processed 3 items: e'])
  })

  it('keeps what stateInclude names, if it names any', () => {
    const first = operatorHarness(Chosen)
    first.push(4)
    const snapshot = first.snapshot()
    expect(snapshot.operator).toEqual({
      total: 4,
      seen: new Map([[4, new Date(4)]]),
      absent: undefined,
    })
    const second = operatorHarness(Chosen)
    second.restore(snapshot)
    second.push(5)
    expect(second.output).toEqual([{ total: 9, seen: 2, scratch: 'function' }])
  })

  it('is restored after construction and before open()', () => {
    const harness = operatorHarness(Opened)
    harness.push(7)
    harness.restore(harness.snapshot())
    harness.push(8)
    expect(harness.output).toEqual(['constructor,open at 0', 'constructor,open at 0,open at 7'])
  })

  it.each([
    ['filter', filterFactory],
    ['flatMap', flatMapFactory],
    ['sink', sinkFactory],
  ])('keeps its fields as a %s, too', (_, factory) => {
    class Seen extends StatefulFunction<number, number[]> {
      seen: number[] = []
      static override redistribute = (states: readonly unknown[]) => [states[0] as { seen: [] }]
      execute(n: number) {
        this.seen.push(n)
        return this.seen
      }
    }
    const first = operatorHarness(factory(Seen), { parallelism: 2 })
    first.push(1)
    const second = operatorHarness(factory(Seen))
    second.restore([first.snapshot(), first.snapshot()])
    second.push(2)
    expect(second.snapshot().operator).toEqual({ seen: [1, 2] })
  })

  it('names the field that is no data', () => {
    class Holds extends StatefulFunction<number, number> {
      socket = { on: () => undefined }
      execute(n: number) {
        this.saveState()
        return n
      }
    }
    const refused = {
      code: 'SAGE_CODEC_UNSUPPORTED',
      message: expect.stringMatching(/^Holds\.socket: .*static stateExclude = \['socket'\]/),
    }
    const harness = operatorHarness(Holds)
    expect(() => harness.snapshot()).toThrow(expect.objectContaining(refused))
    expect(() => harness.push(1)).toThrow(expect.objectContaining(refused))
  })
})

describe('StatefulFunction under another parallelism', () => {
  class Sums extends StatefulFunction<number, number> {
    sum = 0
    static override redistribute(states: readonly { sum: number }[], parallelism: number) {
      const total = states.reduce((sum, state) => sum + state.sum, 0)
      return Array.from({ length: parallelism }, (_, i) => ({ sum: i === 0 ? total : 0 }))
    }
    execute(n: number) {
      this.sum += n
      return this.sum
    }
  }

  const snapshots = (Class: new () => StatefulFunction, values: number[]) =>
    values.map((value, subtask) => {
      const harness = operatorHarness(Class, { subtask, parallelism: values.length })
      harness.push(value)
      return harness.snapshot()
    })

  it('its redistribute deals the states out', () => {
    const sums = [0, 1].map((subtask) => {
      const harness = operatorHarness(Sums, { subtask, parallelism: 2 })
      harness.restore(snapshots(Sums, [1, 2, 3]))
      harness.push(0)
      return harness.output
    })
    expect(sums).toEqual([[6], [0]])
  })

  it.each([
    ['none', Counter, "'Counter': expected its parallelism to be 2, as it was, got 3"],
    [
      'too few',
      class Short extends Sums {
        static override redistribute = () => []
      },
      "'Short': expected redistribute to return 3 states, got []",
    ],
  ])('what cannot be dealt out is refused: %s', (_, Class, message) => {
    const harness = operatorHarness(Class, { parallelism: 3 })
    expect(() => harness.restore(snapshots(Class as typeof Counter, [1, 2]))).toThrow(
      expect.objectContaining({ code: 'SAGE_RESCALE', message: expect.stringContaining(message) }),
    )
  })
})

describe('keyed and broadcast state in a snapshot', () => {
  class Remembers extends ProcessFunction<string, string> {
    process(word: string, ctx: any, out: any) {
      const short = ctx.state('short', () => 0, { ttl: 100 })
      short.value++
      ctx.listState('words').add(word)
      ctx.timers.registerEventTime(10)
      ctx.timers.registerProcessingTime(50)
      out.collect(`${ctx.key}: ${short.value} ${[...ctx.listState('words')]}`)
    }
    override onTimer(time: number, ctx: any, out: any) {
      out.collect(`${ctx.key}@${time}: ${ctx.listState('words').length}`)
    }
  }

  it('values, their age and timers come back', () => {
    const first = operatorHarness(Remembers)
    first.push('x', { key: 'a' })
    first.advanceTime(40)
    first.push('y', { key: 'b' })
    const second = operatorHarness(Remembers, { startMs: 40 })
    second.restore(first.snapshot())
    second.push('z', { key: 'a' })
    second.advanceWatermark(10)
    second.advanceTime(10)
    second.restore(second.snapshot())
    // What b has was set at 40, what a has at 40, too: by its second record.
    second.advanceTime(90)
    second.push('w', { key: 'b' })
    expect(second.output).toEqual([
      'a: 2 x,z',
      'a@10: 2',
      'b@10: 1',
      'a@50: 2',
      'b@50: 1',
      'b: 1 y,w',
    ])
  })

  it('every key goes to the subtask that its key group belongs to', () => {
    const first = operatorHarness(Remembers)
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    for (const key of keys) first.push('x', { key })
    const snapshot = first.snapshot()
    const found = [0, 1, 2].map((subtask) => {
      const part = operatorHarness(Remembers, { subtask, parallelism: 3 })
      part.restore([snapshot])
      part.advanceWatermark(10)
      return part.output.map((text) => String(text).split('@')[0])
    })
    expect(found.every((part) => part.length > 5)).toBe(true)
    expect(found.flat().toSorted()).toEqual(keys.toSorted())
  })

  it('broadcast state is written by its input alone, and comes back to all subtasks', () => {
    const rules = (name: string, ctx: any) => void ctx.broadcastState('rules').set(name, 1)
    const facts = (name: string, ctx: any) => ctx.broadcastState('rules').get(name) ?? 'none'
    const first = operatorHarness([facts, rules], { broadcast: [1] })
    first.push('a', { input: 1 })
    first.push('a')
    const second = operatorHarness([facts, rules], { broadcast: [1], subtask: 1, parallelism: 2 })
    second.restore([first.snapshot()])
    second.push('a')
    second.push('b')
    expect([first.output, second.output]).toEqual([[1], [1, 'none']])
    const wrong = operatorHarness([rules, facts], { broadcast: [1] })
    expect(() => wrong.push('a')).toThrow(expect.objectContaining({ code: 'SAGE_STATE' }))
  })
})
