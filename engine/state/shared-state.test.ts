import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { registerType } from '../../codec/register-type.ts'
import { StreamState } from '../../operators/contract/stream-state.ts'
import { stateSuite } from '../../operators/testing/fixtures/state-suite.ts'
import { LocalStore } from '../../operators/testing/local-state.ts'
import { SharedState } from './shared-state.ts'
import { StateMemory } from './state-memory.ts'

const MIB = 1 << 20

/** A job's state as two of its threads see it. */
function twoThreads(bytes = MIB, waitMs = 50) {
  const buffer = StateMemory.allocate(2, bytes)
  return {
    buffer,
    a: new SharedState(buffer, 0, waitMs),
    b: new SharedState(buffer, 1, waitMs),
  }
}

stateSuite('a store in shared memory', () => twoThreads(8 * MIB).a.shared('default'))

test('two threads see one store', () => {
  const { a, b } = twoThreads()
  a.shared('s').set('object', { n: 1 })
  a.shared('s').increment('n')
  expect(b.shared('s').get('object')).toEqual({ n: 1 })
  expect(b.shared('s').increment('n')).toBe(2)
  b.shared('s').append('list', 1)
  a.shared('s').append('list', 2)
  expect(b.shared('s').get('list')).toEqual([1, 2])
  expect(a.shared('s').keys()).toEqual(['object', 'n', 'list'])
})

test('stores of different names have nothing in common', () => {
  const { a, b } = twoThreads()
  a.shared('one').set('k', 1)
  b.shared('two').set('k', 2)
  expect([b.shared('one').get('k'), a.shared('two').get('k')]).toEqual([1, 2])
  expect(a.shared('three').keys()).toEqual([])
  expect(b.names()).toEqual(['one', 'two', 'three'])
})

test('a number that another thread has removed is not added to', () => {
  const { a, b } = twoThreads()
  const [left, right] = [a.shared('s'), b.shared('s')]
  for (const remove of [
    () => right.delete('n'),
    () => right.set('n', 'text'),
    () => right.update('n', () => ({})),
  ]) {
    left.set('n', 10)
    expect(left.increment('n')).toBe(11)
    remove()
    right.delete('n')
    // Cells are used again, for other keys: what `left` knows of the old one must not count.
    for (let i = 0; i < 10; i++) right.set(`other${i}`, 100 + i)
    expect(left.get('n')).toBe(undefined)
    expect(left.increment('n')).toBe(1)
    for (let i = 0; i < 10; i++) expect(right.get(`other${i}`)).toBe(100 + i)
    left.delete('n')
  }
})

test('numbers come and go without end in little memory', () => {
  const { a, b } = twoThreads(4096)
  for (let i = 0; i < 10_000; i++) {
    const [one, other] = i % 2 === 0 ? [a, b] : [b, a]
    one.shared('s').increment(`key${i % 7}`)
    other.shared('s').increment(`key${i % 7}`)
    expect(one.shared('s').get(`key${i % 7}`)).toBe(2)
    other.shared('s').delete(`key${i % 7}`)
  }
})

describe('when the memory is used up', () => {
  const exhausted = expect.objectContaining({
    code: 'SAGE_MEMORY',
    message: expect.stringMatching(/^memory\.sharedBytes: .* 65536 bytes are in use/),
  })

  it('every call that needs more is refused and changes nothing', () => {
    const { a } = twoThreads(65_536)
    const state = a.shared('s')
    state.set('number', 1)
    state.set('text', 'short')
    state.append('list', 1)
    const fill = () => {
      for (let bytes = 16_384; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        for (let i = 0; ; i++) {
          try {
            state.set([bytes, i], 'f'.repeat(bytes))
          } catch {
            break
          }
        }
      }
    }
    fill()
    const before = a.store('s').snapshot()
    for (const call of [
      () => state.set('new', 'x'),
      () => state.set('new', 1),
      () => state.set('text', 'x'.repeat(1000)),
      () => state.increment('new'),
      () => state.append('list', 'x'.repeat(1000)),
      () => state.append('new', 1),
      () => state.update('text', () => 'x'.repeat(1000)),
      () => state.update('number', () => 'x'.repeat(1000)),
      () => state.update('new', () => 1),
      () => a.shared('another'),
    ]) {
      expect(call).toThrow(exhausted)
    }
    expect(a.store('s').snapshot()).toEqual(before)
    expect(state.increment('number')).toBe(2)
    for (const key of state.keys()) state.delete(key)
    // All of it can be used again, in one piece as in many.
    state.set('large', 'x'.repeat(30_000))
    fill()
    state.delete('large')
    state.set('large', 'y'.repeat(30_000))
    expect(state.get('large')).toBe('y'.repeat(30_000))
  })

  it('a job without any memory for it says so', () => {
    expect(() => twoThreads(0).a.shared('s')).toThrow(/memory\.sharedBytes: expected room for/)
  })
})

test('many keys: the table grows', () => {
  const { a, b } = twoThreads(32 * MIB)
  for (let i = 0; i < 20_000; i++) a.shared('s').set(`key ${i}`, i)
  let sum = 0
  for (let i = 0; i < 20_000; i++) sum += b.shared('s').increment(`key ${i}`)
  expect(sum).toBe((20_000 * 20_001) / 2)
  expect(b.shared('s').keys()).toHaveLength(20_000)
})

test('behaves as a map on one thread does, whatever is called', () => {
  const key = fc.constantFrom<string | number | [string, number]>('a', 'b', 1, ['a', 1])
  const value = fc.oneof(
    fc.double({ noNaN: true }),
    fc.string({ maxLength: 80 }),
    fc.array(fc.integer(), { maxLength: 5 }),
    fc.record({ x: fc.integer(), y: fc.string() }),
  )
  const call = fc.oneof(
    fc.tuple(fc.constant('set' as const), key, value),
    fc.tuple(fc.constant('append' as const), key, value),
    fc.tuple(fc.constant('increment' as const), key, fc.integer({ min: -5, max: 5 })),
    fc.tuple(fc.constant('update' as const), key, fc.option(value)),
    fc.tuple(fc.constant('delete' as const), key, fc.constant(0)),
    fc.tuple(fc.constant('get' as const), key, fc.constant(0)),
  )
  const act = (store: LocalStore | ReturnType<SharedState['store']>, [name, at, given]: any[]) => {
    try {
      if (name === 'update') return store.update(at, () => given)
      return (store as any)[name](at, given)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), call), { maxLength: 60 }), (calls) => {
      const { a, b } = twoThreads(65_536)
      const model = new LocalStore()
      for (const [left, made] of calls) {
        expect(act((left ? a : b).store('s'), made)).toEqual(act(model, made))
      }
      expect(a.store('s').snapshot()).toEqual(model.keys().map((k) => [k, model.get(k)]))
    }),
  )
})

test('a snapshot holds all of a store, in order; whether any is in use', () => {
  const { a, b } = twoThreads()
  expect([a.used, b.used]).toEqual([false, false])
  const state = a.shared('s')
  expect([a.used, b.used]).toEqual([true, true])
  state.set('object', { deep: [1, 2] })
  state.increment('n', 0.5)
  state.append('list', 'x')
  state.append('list', 'y')
  a.shared('other').set('n', 1)
  const entries = a.store('s').snapshot()
  expect(entries).toEqual([
    ['object', { deep: [1, 2] }],
    ['n', 0.5],
    ['list', ['x', 'y']],
  ])
  const again = twoThreads().b
  for (const [key, value] of structuredClone(entries)) again.store('s').set(key, value)
  expect(again.store('s').snapshot()).toEqual(entries)
  expect(again.shared('s').increment('n')).toBe(1.5)
})

test('code of registered types may read while a value is stored, and not write', () => {
  const { a } = twoThreads()
  const state = a.shared('s')
  class Money {
    readonly cents: number
    constructor(cents: number) {
      this.cents = cents
    }
  }
  registerType(Money, {
    encode: ({ cents }: Money) => ({ cents, rate: state.get('rate', { percent: 0 }).percent }),
    decode: ({ cents }: { cents: number }) => {
      state.get('rate')
      return new Money(cents)
    },
  })
  state.set('rate', { percent: 3 })
  state.set('price', new Money(5))
  expect(state.get('price')).toEqual(new Money(5))
  expect(state.update('price', ({ cents }) => new Money(cents + 1))).toEqual(new Money(6))
  state.set('prices', [new Money(1)])
  state.append('prices', new Money(2))
  expect(state.get('prices')).toEqual([new Money(1), new Money(2)])
})

describe('a thread that holds the lock', () => {
  it('lets others wait for a bounded time, without harm', () => {
    const { a, b } = twoThreads()
    b.shared('s').set('n', 1)
    const late = expect.objectContaining({
      code: 'SAGE_TIMEOUT',
      message: expect.stringContaining('within 50 ms'),
    })
    a.shared('s').update('object', () => {
      expect(() => b.shared('s').set('x', 1)).toThrow(late)
      expect(() => b.shared('s').get('object')).toThrow(late)
      // Another number needs no lock; a number under update does.
      expect(b.shared('s').increment('n')).toBe(2)
      expect(b.shared('s').get('n')).toBe(2)
      return {}
    })
    a.shared('s').update<number>('n', (n) => {
      expect(() => b.shared('s').increment('n')).toThrow(late)
      expect(() => b.shared('s').get('n')).toThrow(late)
      return n! + 1
    })
    expect(b.shared('s').increment('n')).toBe(4)
    expect(b.shared('s').keys()).toEqual(['n', 'object'])
  })

  it('is waited for no longer than a second once the job is cancelled', () => {
    const { buffer, a } = twoThreads()
    const patient = new SharedState(buffer, 1, 1e9)
    patient.shared('s')
    a.shared('s').update('x', () => {
      StateMemory.cancel(buffer)
      expect(() => patient.shared('s').set('x', 1)).toThrow(
        expect.objectContaining({ code: 'SAGE_TIMEOUT' }),
      )
      return 1
    })
  })

  it('leaves none behind when it dies within an update, and the old values', () => {
    const { buffer, a, b } = twoThreads()
    const state = a.shared('s')
    state.set('object', { n: 1 })
    state.set('number', 1.5)
    for (const key of ['object', 'number', 'new']) {
      // As if the thread were gone from here on.
      const dead = new SharedState(buffer, 0, 50)
      let met: unknown
      expect(() =>
        dead.shared('s').update(key, () => {
          StateMemory.bury(buffer, 0)
          met = b.shared('s').get(key)
          if (key === 'number') {
            expect(b.shared('s').increment(key)).toBe(2.5)
            expect(b.shared('s').update<number>(key, (n) => n! - 1)).toBe(1.5)
          }
          b.shared('s').set('alive', key)
          throw new Error('never seen by anyone')
        }),
      ).toThrow('never seen')
      expect(met).toEqual({ object: { n: 1 }, number: 1.5, new: undefined }[key])
      expect(b.shared('s').get('alive')).toBe(key)
    }
  })
})

test('outside of a running job, a StreamState says so', () => {
  const state = new StreamState('mine')
  for (const call of [() => state.get('k'), () => state.increment('k'), () => state.keys()]) {
    expect(call).toThrow(
      expect.objectContaining({
        code: 'SAGE_STATE',
        message: expect.stringMatching(/^StreamState 'mine': .* function of a running job/),
      }),
    )
  }
  expect(() => new StreamState('')).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
  expect(() => new StreamState(5 as never)).toThrow(/expected a name .* got 5/)
  expect(new StreamState().name).toBe('default')
})
