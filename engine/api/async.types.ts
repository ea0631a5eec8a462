import type { LookupCache } from '../../operators/async/lookup-cache.ts'
import type { RuntimeContext } from '../../operators/contract/context.ts'
import { AsyncMapFunction, MapFunction } from '../../operators/contract/function.ts'
import type { BroadcastState } from '../../operators/contract/state.ts'
import { StatefulFunction } from '../../operators/contract/stateful-function.ts'
import type { BaseEnvironment } from './base-environment.ts'
import { same } from './fixtures/same-type.ts'
import type { AsyncOptions } from './options.ts'
import type { DataStream, KeyedStream } from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types.

declare const numbers: DataStream<number>
declare const keyed: KeyedStream<string, number>
declare const env: BaseEnvironment
const options: AsyncOptions = { capacity: 10, ordered: false, timeout: '1s', retries: 2 }

// asyncMap: what the promise gives, without nothing; keyed streams stay keyed.
same<DataStream<string>>()(
  numbers.asyncMap(async (n) => `${n}`),
  true,
)
same<DataStream<number>>()(
  numbers.asyncMap(async (n) => (n > 1 ? n : null), options),
  true,
)
same<DataStream<number>>()(
  numbers.asyncMap((n) => (n > 1 ? Promise.resolve(n) : n)),
  true,
)
same<KeyedStream<string, boolean>>()(
  keyed.asyncMap(async (n, ctx) => n > ctx.key.length),
  true,
)
class Fetch extends AsyncMapFunction<number, string> {
  constructor(_: { url: string }) {
    super()
  }
  async execute(n: number) {
    return n > 0 ? `${n}` : null
  }
}
same<DataStream<string>>()(numbers.asyncMap(Fetch, { url: 'x' }, options), true)
same<KeyedStream<string, string>>()(keyed.asyncMap(Fetch, { url: 'x' }), true)
class Late extends MapFunction<number, Promise<number>> {
  async execute(n: number) {
    return n
  }
}
same<DataStream<number>>()(numbers.asyncMap(Late), true)
// @ts-expect-error its constructor needs options
numbers.asyncMap(Fetch)
// @ts-expect-error no such option
numbers.asyncMap(async (n) => n, { concurrency: 3 })
// @ts-expect-error no duration
numbers.asyncMap(async (n) => n, { timeout: 'soon' })

// enrichCached: the cache gives what the getter does.
same<DataStream<string>>()(
  numbers.enrichCached(
    (id: number) => `user ${id}`,
    (cache, n) => {
      same<LookupCache<number, string>>()(cache, true)
      return cache.get(n)
    },
    { ttl: '1m' },
  ),
  true,
)
same<KeyedStream<string, { n: number; user: string }>>()(
  keyed.enrichCached(
    async (id: string) => `user ${id}`,
    async (cache, n, ctx) => ({ n, user: await cache.get(ctx.key) }),
  ),
  true,
)
const ofNumber = (id: number) => id
// @ts-expect-error the getter's key is a number
numbers.enrichCached(ofNumber, (cache) => cache.get('a'))

// Broadcast state.
keyed.map((n, ctx) => {
  same<BroadcastState<string, Date>>()(ctx.broadcastState<string, Date>('rules'), true)
  return n
})

// Stateful functions are functions of map.
class Count extends StatefulFunction<number, string> {
  static override stateExclude = ['client']
  static override redistribute(states: readonly { count: number }[], parallelism: number) {
    return Array.from({ length: parallelism }, (_, i) => states[i] ?? { count: 0 })
  }
  client = {}
  count = 0
  execute(n: number) {
    same<Record<string, unknown>>()(this.saveState(), true)
    return `${n}`
  }
}
same<DataStream<string>>()(numbers.map(Count), true)

// Services.
class Users {
  declare ctx: RuntimeContext
  process(id: string) {
    return id
  }
}
env.registerService('users', Users, undefined, { scope: 'job', timeout: '1s' })
// @ts-expect-error no such scope
env.registerService('users', Users, undefined, { scope: 'process' })
