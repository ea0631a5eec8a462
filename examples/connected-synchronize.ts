import { LocalEnvironment } from 'sage-stream'

interface Entry {
  readonly ledger: string
  readonly at: number
  readonly amount: number
}

const env = new LocalEnvironment('connected-synchronize')
const entries = (ledger: string, list: [at: number, amount: number][]) =>
  env.fromCollection(list.map(([at, amount]): Entry => ({ ledger, at, amount })))

// An amount of 0 closes the books of a day.
const bank = entries('bank', [
  [100, 20],
  [400, 5],
  [2000, 0],
  [2100, 7],
])
const shop = entries('shop', [
  [600, 20],
  [900, 4],
  [2500, 0],
  [2900, 7],
])
const connected = bank.connect(shop)

const sums = (streams: readonly Iterable<Entry>[]) =>
  streams.map((stream) => [...stream].reduce((sum, { amount }) => sum + amount, 0))

// By time: all that is at most a second behind the oldest entry.
connected
  .synchronize({ type: 'timestamp', tolerance: '1s', timestamp: (entry) => entry.at })
  .process((streams) => (streams.some((stream) => stream.hasData()) ? [sums(streams)] : []))
  .print('within a second')

// By event: all up to the mark in both streams.
connected
  .synchronize({ type: 'event', isMarker: ({ amount }) => amount === 0 })
  .process((streams) => (streams.some((stream) => stream.hasData()) ? [sums(streams)] : []))
  .print('by day')

await env.submit({ autostop: true })
