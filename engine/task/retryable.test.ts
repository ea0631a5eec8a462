import { describe, expect, it } from 'vitest'
import type { Collector } from '../../operators/contract/function.ts'
import { emptyScope, type OperatorCall } from '../../operators/contract/operator.ts'
import { retryable } from './retryable.ts'

describe('a call that may fail without ending the job', () => {
  const scope = emptyScope()
  const sent: unknown[] = []
  const out: Collector = {
    collect: (value) => void sent.push([value, scope.key, scope.timestamp]),
    collectTo: (tag, value) => void sent.push([tag, value, scope.key]),
  }
  const call = ((values: readonly unknown[], _: unknown, out: Collector) => {
    const { key, timestamp } = scope
    for (const value of values) {
      if (value === 'broken') throw new Error('broken')
      scope.key = `key of ${value}`
      scope.timestamp = 7
      out.collect(value)
    }
    Object.assign(scope, { key, timestamp })
  }) as OperatorCall
  const wrapped = retryable({ call }, scope).call as OperatorCall

  it('emits nothing when it fails', () => {
    expect(() => wrapped(['a', 'broken'], undefined as never, out)).toThrow('broken')
    expect(sent).toEqual([])
  })

  it('emits each record with the scope that it had, and leaves the scope as the call did', () => {
    Object.assign(scope, { key: 'own', timestamp: 3 })
    wrapped(['a', 'b'], undefined as never, out)
    expect(sent).toEqual([
      ['a', 'key of a', 7],
      ['b', 'key of b', 7],
    ])
    expect([scope.key, scope.timestamp]).toEqual(['own', 3])
  })
})
