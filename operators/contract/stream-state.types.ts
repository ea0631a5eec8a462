import type { RuntimeContext } from './context.ts'
import { MemoryFunction } from './function.ts'
import type { StreamState } from './stream-state.ts'

// Compiled by `tsc`, never run: what a user sees of the types.

interface Stats {
  count: number
}

declare const ctx: RuntimeContext
const state: StreamState = ctx.shared('stats')

// Without a type, as the specification uses it.
state.set('counter', 0)
if (state.get('counter', 0) === 5 && state.get('counter') > 3) state.increment('counter', -1)
state.append('events', { at: 1 })
state.update('stats', (stats) => ({ ...stats, count: stats.count + 1 }))

// With one: what may be missing shows.
const count: number = state.get<number>('counter', 0)
const maybe: number | undefined = state.get<number>('counter')
// @ts-expect-error it may be undefined
const surely: number = state.get<number>('counter')
// @ts-expect-error a fallback of another type
state.get<number>('counter', 'none')
const updated: Stats = state.update<Stats>('stats', (stats) => ({ count: (stats?.count ?? 0) + 1 }))
state.update<Stats>('stats', () => null)
// @ts-expect-error stats may be undefined
state.update<Stats>('stats', (stats) => ({ count: stats.count }))
// @ts-expect-error of another type
state.update<Stats>('stats', () => ({ count: 'many' }))

// Keys are keys.
state.increment(['tuple', 1n, [true]])
// @ts-expect-error an object is none
state.increment({ user: 1 })

class Counting extends MemoryFunction<string, number> {
  override execute(word: string): number {
    return this.memory.increment(word)
  }
}

export { Counting, count, maybe, surely, updated }
