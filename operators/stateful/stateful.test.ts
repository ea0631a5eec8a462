import { describe, expect, it } from 'vitest'
import type { RuntimeContext } from '../contract/context.ts'
import { changedSince } from '../state/fixtures/changed-since.ts'
import { Rig } from './fixtures/rig.ts'
import { type LogicResult, StatefulBatchLogic, StatefulLogic } from './logic.ts'
import { statefulBatchFactory, statefulFactory } from './stateful.ts'

interface Command {
  /** What to emit. */
  readonly say?: string
  /** What `notifyAt` gives from now on. */
  readonly at?: unknown
  readonly discard?: boolean
  /** Where to throw. */
  readonly throws?: string
}

/** Does as it is told, and tells what it was called for. */
class Obedient extends StatefulLogic<Command, string, unknown> {
  said: string[]
  at: any = null
  throws: string | undefined
  readonly key: unknown

  constructor(resumed: { said: string[]; at: number | null } | undefined, ctx: RuntimeContext) {
    super()
    this.key = ctx.key
    this.said = resumed?.said ?? []
    this.at = resumed?.at ?? null
  }
  onItem({ say = 'item', at = this.at, discard = false, throws }: Command): LogicResult<string> {
    this.throws = throws
    if (throws === 'onItem') throw new Error('onItem')
    this.at = at
    this.said.push(say)
    return [[`${this.key}: ${this.said.join(' ')}`], discard]
  }
  override onNotify(): LogicResult<string> {
    if (this.throws === 'onNotify') throw new Error('onNotify')
    this.at = null
    return [[`${this.key}: notified`], this.said.includes('last')]
  }
  override onEof(): LogicResult<string> {
    if (this.throws === 'onEof') throw new Error('onEof')
    return [[`${this.key}: eof`], this.said.includes('last')]
  }
  override notifyAt() {
    if (this.throws === 'notifyAt') throw new Error('notifyAt')
    return this.at
  }
  snapshot(): unknown {
    if (this.throws === 'snapshot') throw new Error('snapshot')
    return { said: [...this.said], at: this.at }
  }
}

const obedient = () =>
  new Rig(statefulFactory((resumed: any, ctx: RuntimeContext) => new Obedient(resumed, ctx)))
const values = (seen: [unknown, unknown][]) => seen.map(([, value]) => value)

describe('an activation', () => {
  it('goes key by key in key order, then notifies in key order, then tells the end', () => {
    const rig = obedient()
    const keys = ['～', 'b', '😀', 'a', 2, true, 10n]
    expect(
      values(rig.activate(...keys.map((key, i): [any, Command] => [key, { at: 2000 - i }]))),
    ).toEqual(['true: item', '2: item', '10: item', 'a: item', 'b: item', '～: item', '😀: item'])
    rig.clock.set(3000)
    expect(values(rig.activate(['b', { say: 'more', at: 1500 }]))).toEqual([
      'b: item more',
      'true: notified',
      '2: notified',
      '10: notified',
      'a: notified',
      'b: notified',
      '～: notified',
      '😀: notified',
    ])
    expect(values(rig.end()).slice(0, 3)).toEqual(['true: eof', '2: eof', '10: eof'])
  })

  it('ends before a time that it sets can come', () => {
    const rig = obedient()
    expect(rig.operator.dueAt).toBe(Infinity)
    rig.push('k', { at: 0 })
    expect(rig.operator.dueAt).toBe(-Infinity)
    expect(values(rig.activate())).toEqual(['k: item'])
    expect(rig.operator.dueAt).toBe(0)
    expect(values(rig.activate(['k', { say: 'first' }]))).toEqual(['k: item first', 'k: notified'])
    expect(rig.operator.dueAt).toBe(Infinity)
  })

  it('keeps one time per key, which the next answer replaces and null takes back', () => {
    const rig = obedient()
    rig.activate(['k', { at: 2000 }])
    rig.activate(['k', { at: 4000 }])
    expect([rig.operator.dueAt, rig.keyed.processingTimers.size]).toEqual([4000, 1])
    rig.activate(['k', { at: null }])
    expect([rig.operator.dueAt, rig.keyed.processingTimers.size]).toEqual([Infinity, 0])
    rig.clock.set(9000)
    expect(rig.activate()).toEqual([])
    rig.activate(['k', { at: Infinity }])
    expect(rig.keyed.processingTimers.size).toBe(0)
  })

  it('builds a logic anew behind a discard, also for a record of the same activation', () => {
    const rig = obedient()
    rig.activate(['k', { at: 5000 }])
    expect(
      values(rig.activate(['k', { say: 'x', discard: true }], ['k', { say: 'y' }], ['k', {}])),
    ).toEqual(['k: item x', 'k: y', 'k: y item'])
    // The time of the one before is gone with it.
    expect(rig.operator.dueAt).toBe(Infinity)
    expect(rig.state()).toEqual({ k: { logic: { said: ['y', 'item'], at: null } } })
    rig.activate(['k', { discard: true, at: 5000 }])
    expect([rig.keyed.store.size, rig.keyed.processingTimers.size]).toEqual([0, 0])
  })

  it('begins at the latest with so many records', () => {
    const rig = obedient()
    rig.scope.timestamp = 7
    for (let i = 0; i < 1024; i++) rig.push(i % 2, { say: '' })
    expect(rig.take().length).toBe(1024)
    expect(rig.scope).toMatchObject({ key: 1, timestamp: 7 })
  })

  it('comes before a watermark that comes behind its records', () => {
    const rig = obedient()
    rig.push('k', {})
    rig.operator.onWatermark!(5, () => true)
    expect(values(rig.take())).toEqual(['k: item'])
  })

  it('stops where there is no room, and goes on where it stopped', () => {
    const rig = obedient()
    for (const key of ['b', 'a', 'c']) rig.push(key, { at: 0 })
    let room = 2
    const steps: unknown[] = []
    while (!rig.operator.onProcessingTime!(1000, () => room-- > 0)) {
      steps.push(values(rig.take()))
      room = 2
    }
    expect(steps).toEqual([['a: item', 'b: item'], ['c: item']])
  })
})

describe('a batch logic', () => {
  class Batches extends StatefulBatchLogic<number, string, null> {
    onBatch(values: number[]): LogicResult<string> {
      values.sort()
      return [[values.join(' ')], values.includes(0)]
    }
    snapshot() {
      return null
    }
  }

  it('gets the records of its key at hand as an array of its own', () => {
    const rig = new Rig(statefulBatchFactory(() => new Batches()))
    expect(rig.activate(['b', 3], ['a', 2], ['b', 1], ['b', 2])).toEqual([
      ['a', '2'],
      ['b', '1 2 3'],
    ])
    expect(rig.keyed.store.size).toBe(2)
    expect(rig.activate(['b', 0])).toEqual([['b', '0']])
    expect(rig.keyed.store.size).toBe(1)
    expect(rig.end()).toEqual([])
  })
})

describe('input ends', () => {
  it('what is retained stays in the store, what is discarded does not', () => {
    const rig = obedient()
    rig.activate(['a', { say: 'last', at: 5000 }], ['b', { say: 'on', at: 6000 }])
    expect(values(rig.end())).toEqual(['a: eof', 'b: eof'])
    expect(rig.state()).toEqual({ b: { logic: { said: ['on'], at: 6000 } } })
  })

  it('also for records that come no sooner than that, after what is due', () => {
    const rig = obedient()
    rig.activate(['a', { at: 2000 }])
    rig.clock.set(2000)
    rig.push('b', { at: 0 })
    expect(values(rig.end())).toEqual(['b: item', 'a: notified', 'a: eof', 'b: eof'])
  })
})

describe('a resumed operator', () => {
  it('has its logics built from their snapshots, and their times asked for', () => {
    const before = obedient()
    before.activate(['a', { at: 500 }], ['b', { at: 9000 }], ['c', {}])
    const rig = obedient()
    rig.keyed.store.restore(before.entries())
    expect(rig.state()).toEqual(before.state())
    expect(rig.operator.dueAt).toBe(-Infinity)
    expect(rig.activate()).toEqual([])
    expect(rig.operator.dueAt).toBe(500)
    expect(values(rig.activate(['c', { say: 'on' }]))).toEqual(['c: item on', 'a: notified'])
  })

  it('takes what has changed since over what was, a removal too', () => {
    const before = obedient()
    const { store } = before.keyed
    before.activate(['a', { say: '1' }], ['b', { say: '1' }], ['c', { say: '1' }])
    const full = before.entries()
    const mark = store.mark()
    before.activate(['a', { say: '2', at: 5000 }], ['b', { discard: true }])
    const changed = changedSince(store, mark)
    expect(changed.map(({ key }) => key).toSorted()).toEqual(['a', 'b'])
    const rig = obedient()
    rig.keyed.store.restore(full)
    rig.keyed.store.restore(changed)
    expect(rig.activate()).toEqual([])
    expect(rig.state()).toEqual(before.state())
    expect([rig.operator.dueAt, rig.keyed.processingTimers.size]).toEqual([5000, 1])
  })

  it('remembers every call as a change', () => {
    const rig = obedient()
    rig.activate(['a', { at: 2000 }], ['b', {}])
    const mark = rig.keyed.store.mark()
    expect(changedSince(rig.keyed.store, mark)).toEqual([])
    rig.clock.set(2000)
    rig.activate()
    expect(changedSince(rig.keyed.store, mark).map(({ key }) => key)).toEqual(['a'])
  })
})

describe('refuses', () => {
  it.each([
    ['onItem', Number.NaN, 'SAGE_TIMESTAMP', 'notifyAt: expected a time'],
    ['onItem', 'soon', 'SAGE_TIMESTAMP', 'got "soon"'],
    ['onItem', new Date(0), 'SAGE_TIMESTAMP', 'milliseconds'],
  ])('%s with notifyAt %s: %s', (_, at, code, message) => {
    const rig = obedient()
    expect(() => rig.activate(['k', { at }])).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })

  it.each([
    ['nothing', undefined, 'got undefined'],
    ['a list', ['a'], 'expected [outputs, discard]'],
    ['outputs alone', 'abc', 'got "abc"'],
  ])('%s in the place of a result', (_, result, message) => {
    const logic = { onItem: () => result, notifyAt: () => null, snapshot: () => 1 }
    const rig = new Rig(statefulFactory(() => logic))
    expect(() => rig.activate(['k', 1])).toThrow(
      expect.objectContaining({
        code: 'SAGE_USER_ERROR',
        message: expect.stringContaining(message),
      }),
    )
    // The key is as it was before: it has no logic.
    expect([rig.activate(), rig.keyed.store.size]).toEqual([[], 0])
  })

  it('promises', () => {
    const rig = new Rig(statefulFactory(async () => ({ onItem: () => [[], false] })))
    expect(() => rig.activate(['k', 1])).toThrow(expect.objectContaining({ code: 'SAGE_PROMISE' }))
    const late = new Rig(statefulFactory(() => ({ onItem: async () => [[], false] })))
    expect(() => late.activate(['k', 1])).toThrow(expect.objectContaining({ code: 'SAGE_PROMISE' }))
  })

  it('what is no logic, and a logic of the other kind', () => {
    const rig = new Rig(statefulBatchFactory((r: any, ctx: RuntimeContext) => new Obedient(r, ctx)))
    expect(() => rig.activate(['k', 1])).toThrow(
      expect.objectContaining({
        code: 'SAGE_OPTION',
        message: expect.stringContaining('expected the builder to return a StatefulBatchLogic'),
      }),
    )
  })

  it('a snapshot that cannot be encoded', () => {
    const logic = { onItem: () => [[], false], notifyAt: () => null, snapshot: () => () => 1 }
    const rig = new Rig(statefulFactory(() => logic))
    expect(() => rig.activate(['k', 1])).toThrow(
      expect.objectContaining({ code: 'SAGE_CODEC_UNSUPPORTED' }),
    )
  })
})

describe('a call that throws has emitted nothing and given up its step only', () => {
  const items = ['a: item', 'b: item item', 'c: item']
  const notified = ['a: notified', 'b: notified', 'c: notified']
  const withoutB = (lines: string[]) => lines.filter((line) => !line.startsWith('b'))
  it.each([
    ['onItem', [...withoutB(items), ...withoutB(notified)], 1],
    ['onNotify', [...items, ...withoutB(notified)], 1],
    ['notifyAt', [...items, ...withoutB(notified)], 1],
    // Asked for at the end of both activations.
    ['snapshot', [...items, ...notified], 2],
  ])('%s', (throws, expected, times) => {
    const rig = obedient()
    rig.activate(['b', {}])
    for (const key of ['c', 'b', 'a'])
      rig.push(key, { at: 2000, ...(key === 'b' ? { throws } : {}) })
    let failures = 0
    const activate = (): void => {
      try {
        rig.operator.onProcessingTime!(rig.clock.now(), () => true)
      } catch (error) {
        failures++
        expect((error as Error).message).toBe(throws)
        activate()
      }
    }
    activate()
    rig.clock.set(3000)
    activate()
    expect([values(rig.take()), failures]).toEqual([expected, times])
    expect(rig.keyed.store.size).toBe(3)
  })

  it('onEof: the others hear of it', () => {
    const rig = obedient()
    rig.activate(['a', {}], ['b', { throws: 'onEof' }], ['c', {}])
    expect(() => rig.end()).toThrow('onEof')
    expect(rig.operator.gathered!()).toBeUndefined()
    expect(values(rig.end())).toEqual(['a: eof', 'c: eof'])
  })

  it('and can be made again', () => {
    let broken = true
    const factory = statefulFactory((resumed: any, ctx: RuntimeContext) => {
      const logic = new Obedient(resumed, ctx)
      const { onItem } = logic
      logic.onItem = (command) => {
        if (broken) throw new Error('broken')
        return onItem.call(logic, command)
      }
      return logic
    })
    const retried = new Rig(factory)
    const command = { say: 'x' }
    expect(() => retried.activate(['k', command])).toThrow('broken')
    expect(retried.operator.gathered!()).toBe(command)
    broken = false
    retried.operator.again!()
    expect(values(retried.activate())).toEqual(['k: x'])
    expect(retried.keyed.store.size).toBe(1)
  })
})
