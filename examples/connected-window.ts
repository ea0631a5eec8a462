import { LocalEnvironment, watermarks } from 'sage-stream'

interface Reading {
  readonly at: number
  readonly value: number
}

const env = new LocalEnvironment('connected-window')
const readings = (values: Reading[]) =>
  env.fromCollection(values).assignTimestamps(({ at }) => at, watermarks.monotonic())

const indoors = readings([
  { at: 5_000, value: 20 },
  { at: 50_000, value: 22 },
  { at: 70_000, value: 21 },
])
const outdoors = readings([
  { at: 30_000, value: 9 },
  { at: 200_000, value: 5 },
])
const connected = indoors.connect(outdoors)

// One minute after the other.
const windowed = connected.window({ type: 'tumbling', size: '1m' })

const aggregated = windowed.process((windowData) => {
  let total = 0
  let count = 0
  for (const streamData of windowData) {
    for (const { value } of streamData) {
      total += value
      count += 1
    }
  }
  return {
    windowStart: windowData.startTime,
    windowEnd: windowData.endTime,
    total,
    average: total / count,
    count,
  }
})
aggregated.print('minute')

// Two minutes, one every minute.
connected
  .window({ type: 'sliding', size: '2m', slide: '1m' })
  .process(({ startTime, inputs: [inside, outside] }) => [startTime, inside.length, outside.length])
  .print('sliding')

// As long as readings come, at most half a minute apart.
connected
  .window({ type: 'session', timeout: '30s' })
  .process(({ startTime, endTime }) => [startTime, endTime])
  .print('session')

await env.submit({ autostop: true })
