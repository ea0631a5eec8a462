import { ConnectedStreams, LocalEnvironment } from 'sage-stream'

interface Item {
  readonly id: number
}

const env = new LocalEnvironment('connected-merge')
const stream1 = env.createStream<Item>('data1')
const stream2 = env.createStream<Item>('data2')

// Connect and merge: called with what is at hand, again and again.
const connected = new ConnectedStreams([stream1, stream2])

const resultStream = connected.process((streams, state) => {
  const merged: (Item & { source: string })[] = []
  for (const stream of streams) {
    while (stream.hasData()) {
      const item = stream.read()!
      merged.push({ ...item, source: stream.name })
    }
  }
  state.increment('merged', merged.length)
  return merged
})
resultStream.print()

// What is pushed in from outside, as it comes.
const job = await env.submit()
await stream1.pushMany([{ id: 1 }, { id: 2 }])
await stream2.push({ id: 3 })
await job.stop()
