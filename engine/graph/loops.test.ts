import { describe, expect, it } from 'vitest'
import { TestEnvironment } from '../api/fixtures/test-environment.ts'
import type { BaseEnvironment } from '../index.ts'
import { findLoops } from './loops.ts'

function loopsOf(build: (env: BaseEnvironment) => void) {
  const env = new TestEnvironment('loops')
  build(env)
  const { nodes } = env.graph
  const loops = findLoops(nodes)
  const named = (has: (id: number) => unknown) =>
    nodes.filter(({ id }) => has(id)).map(({ name }) => name)
  return {
    groups: Array.from({ length: loops.count }, (_, loop) => named((id) => loops.of[id] === loop)),
    follows: named((id) => loops.follows[id]),
    order: loops.order.map(({ name }) => name),
    feedback: nodes.flatMap((node) =>
      node.inputs
        .filter((edge) => loops.isFeedback(edge, node))
        .map(({ from }) => `${from.name} -> ${node.name}`),
    ),
  }
}

const same = (n: number) => n
const one = (env: BaseEnvironment) => env.fromCollection([1], { name: 'one' })

describe('the loops of a graph', () => {
  it('none, where no future is filled from behind itself', () => {
    const found = loopsOf((env) => {
      const later = env.fromFuture<number>('later')
      later.map(same, { name: 'reader' })
      one(env).fillFuture(later)
    })
    expect(found).toEqual({
      groups: [],
      follows: [],
      order: ['one', 'later', 'reader'],
      feedback: [],
    })
  })

  it('what is before and behind a loop is not in it', () => {
    const found = loopsOf((env) => {
      const again = env.fromFuture<number>('again')
      const met = again.filter(same, { name: 'first' }).union(one(env))
      const [out, round] = met.branch(same, { name: 'fork' })
      out.sink(same)
      round.fillFuture(again)
    })
    expect(found).toEqual({
      groups: [['again', 'first', 'union', 'fork']],
      // Behind the union, the source tells the time.
      follows: ['again', 'first'],
      order: ['again', 'first', 'one', 'union', 'fork', 'sink'],
      feedback: ['fork -> again'],
    })
  })

  it('loops that share an operator are one; those behind each other are not', () => {
    const found = loopsOf((env) => {
      const outer = env.fromFuture<number>('outer')
      const inner = env.fromFuture<number>('inner')
      const body = one(env).union(outer).union(inner)
      body.fillFuture(outer)
      body.fillFuture(inner)
      const behind = env.fromFuture<number>('behind')
      const rest = body.union(behind)
      rest.fillFuture(behind)
    })
    expect(found.groups).toEqual([
      ['outer', 'inner', 'union', 'union_1'],
      ['behind', 'union_2'],
    ])
    expect(found.feedback).toEqual(['union_1 -> outer', 'union_1 -> inner', 'union_2 -> behind'])
  })
})
