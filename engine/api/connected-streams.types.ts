import { OutputTag } from '../../operators/contract/function.ts'
import type { StreamState } from '../../operators/contract/stream-state.ts'
import { same } from './fixtures/same-type.ts'
import type { ConnectedStreams, DataStream, KeyedConnectedStreams, KeyedStream } from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types of connected streams' own operators.

interface Order {
  user: string
  amount: number
}

declare const pair: ConnectedStreams<[Order, string]>
declare const three: ConnectedStreams<[Order, string, number]>
declare const keyed: KeyedConnectedStreams<string, [Order, string]>

// process knows each input, and what it emits.
pair.process(([orders, words], state) => {
  same<StreamState>()(state, true)
  same<Order | undefined>()(orders.read(), true)
  for (const word of words) same<string>()(word, true)
  return []
})
three.process((streams) => {
  const found: (Order | string | number)[] = []
  for (const stream of streams) for (const record of stream) found.push(record)
  return found
})
same<DataStream<number>>()(
  pair.process(([orders]) => [...orders].map(({ amount }) => (amount > 1 ? amount : null))),
  true,
)
same<KeyedStream<string, Order>>()(
  keyed.process(([orders]) => [...orders], { parallelism: 2, maxBatch: 10 }),
  true,
)
same<DataStream<string>>()(
  pair.process(function* ([, words]) {
    yield* words
  }),
  true,
)
// @ts-expect-error no iterable
pair.process(() => 5)
// @ts-expect-error a promise
pair.process(async () => [])

// Rows know which of their elements may be null.
same<DataStream<[Order, string]>>()(pair.join({ keyFn: (v) => String(v) }), true)
same<DataStream<[Order, string]>>()(
  pair.join({ joinType: 'inner', keyFn: [({ user }) => user, (word) => word], within: '5m' }),
  true,
)
same<DataStream<[Order, string | null]>>()(
  pair.join({ joinType: 'left', condition: ({ user }, word) => user === word }),
  true,
)
same<DataStream<[Order | null, string]>>()(keyed.join({ joinType: 'right' }), true)
same<DataStream<[Order | null, string | null]>>()(
  pair.join({ joinType: 'outer', condition: () => true, within: 5, name: 'all' }),
  true,
)
// @ts-expect-error no such type
pair.join({ joinType: 'full', keyFn: (v) => String(v) })
// @ts-expect-error either of the two
pair.join({ keyFn: (v) => String(v), condition: () => true })
// @ts-expect-error no key
pair.join({ keyFn: (v) => ({ v }) })
// @ts-expect-error no duration
pair.join({ condition: () => true, within: '5 minutes' })

// Windows.
same<DataStream<number>>()(
  pair
    .window({ type: 'tumbling', size: '1m' })
    .process(({ startTime, inputs: [orders, words] }) => {
      same<Order[]>()(orders, true)
      same<string[]>()(words, true)
      return orders.length > 0 ? startTime : null
    }),
  true,
)
same<KeyedStream<string, string>>()(
  keyed
    .window({ type: 'session', timeout: '30s' })
    .lateOutput(new OutputTag<Order | string>('late'))
    .process((data, state) => {
      for (const records of data) same<(Order | string)[]>()(records, true)
      return `${data.key} ${state.get('n', 0)}`
    }),
  true,
)
// Also where the result is given a wider type.
const wider: DataStream<number> = keyed
  .window({ type: 'tumbling', size: '1m' })
  .process(({ startTime, inputs: [orders] }) => (orders.length > 0 ? startTime : null))
wider.map((n) => same<number>()(n, true))
const widerBatch: DataStream<number> = keyed.process(([orders]) =>
  [...orders].map(({ amount }) => (amount > 1 ? amount : null)),
)
widerBatch.map((n) => same<number>()(n, true))
// @ts-expect-error sliding windows need a slide
pair.window({ type: 'sliding', size: '1m' })
// @ts-expect-error no timeout
pair.window({ type: 'session', size: '1m' })
// @ts-expect-error a promise
pair.window({ type: 'tumbling', size: '1m' }).process(async () => 1)
// @ts-expect-error late are records of the inputs
pair.window({ type: 'tumbling', size: '1m' }).lateOutput(new OutputTag<Date>('late'))

// Settings keep the kind of streams.
same<KeyedConnectedStreams<string, [Order, string]>>()(
  keyed
    .onError((streamId, error, { value, attempt }) =>
      attempt < 2
        ? 'retry'
        : streamId === error.message || value === undefined
          ? 'stop'
          : 'continue',
    )
    .setErrorThreshold({ maxErrors: 10, timeWindow: '1m' })
    .configureBackpressure({ strategy: 'buffer', bufferSize: 1000, timeout: '30s' })
    .synchronize({ type: 'event', isMarker: (v) => v === 'marker', keepMarkers: true }),
  true,
)
pair.synchronize({ type: 'timestamp', tolerance: '1s', timestamp: () => 1 })
// @ts-expect-error no verdict
pair.onError(() => 'ignore')
// @ts-expect-error no marker
pair.synchronize({ type: 'event' })
pair.configureBackpressure({ strategy: 'drop', drop: 'oldest', bufferSize: 10 })
// @ts-expect-error neither the newest nor the oldest
pair.configureBackpressure({ strategy: 'drop', drop: 'some' })
// @ts-expect-error no strategy
pair.configureBackpressure({ strategy: 'wait' })
