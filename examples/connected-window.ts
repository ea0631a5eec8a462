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

// One minute after the other. Others are { type: 'sliding', size: '5m', slide: '1m' }, { type: 'session', timeout: '30s' }.
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
aggregated.print()

await env.submit({ autostop: true })
