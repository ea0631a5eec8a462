/** Event time, windows and joins in time; `docs/windows.md`. */
import {
  LocalEnvironment,
  OutputTag,
  session,
  sliding,
  triggers,
  tumbling,
  WindowAssigner,
  watermarks,
} from 'sage-stream'

interface Reading {
  readonly sensor: string
  readonly celsius: number
  /** In seconds since the epoch, as the device sends it. */
  readonly at: number
}

const env = new LocalEnvironment('time', { parallelism: 2 })
const readings = env
  .fromCollection<Reading>([
    { sensor: 'oven', celsius: 180, at: 0 },
    { sensor: 'oven', celsius: 190, at: 7 },
    { sensor: 'oven', celsius: 185, at: 4 },
    { sensor: 'oven', celsius: 200, at: 12 },
    { sensor: 'oven', celsius: 60, at: 31 },
    { sensor: 'oven', celsius: 195, at: 9 },
    { sensor: 'oven', celsius: 61, at: 34 },
    { sensor: 'oven', celsius: 199, at: 2 },
  ])
  .assignTimestamps(({ at }) => at * 1000, watermarks.boundedOutOfOrderness('5s'))
  .keyBy(({ sensor }) => sensor)

const text = ({ start, end, value }: { start: number; end: number; value: unknown }) =>
  `${start / 1000} s to ${end / 1000} s: ${value}`

// The highest of each ten seconds; overlapping, of the last twenty.
readings
  .window(tumbling('10s'))
  .max(({ celsius }) => celsius)
  .map(text)
  .print('tumbling')
readings
  .window(sliding('20s', '10s'))
  .max(({ celsius }) => celsius)
  .map(text)
  .print('sliding')

// For as long as there are readings at most ten seconds apart.
readings.window(session('10s')).count().map(text).print('session')

// Windows are kept for another 17 seconds: what comes meanwhile makes them fire again.
const tooLate = new OutputTag<Reading>('too late')
const lenient = readings
  .window(tumbling('10s'))
  .allowedLateness('17s')
  .lateOutput(tooLate)
  .max(({ celsius }) => celsius)
lenient.map(text).print('lenient')
lenient
  .sideOutput(tooLate)
  .map(({ celsius, at }) => `${celsius} at ${at} s`)
  .print('too late')

// What is known so far, every five seconds, and the result at the end.
readings.window(tumbling('20s')).trigger(triggers.every('5s')).count().map(text).print('early')

// Windows of your own: a long shift, then a short one.
class Shifts extends WindowAssigner<Reading> {
  assign(_: Reading, timestamp: number) {
    const start = Math.floor(timestamp / 30_000) * 30_000
    const second = start + 20_000
    return timestamp < second ? [{ start, end: second }] : [{ start: second, end: start + 30_000 }]
  }
}
readings
  .window(new Shifts())
  .process<string>((sensor, { start }, values, out) => {
    out.collect(
      `${sensor}, shift from ${start / 1000} s: ${values.map((v) => v.celsius).join(' ')}`,
    )
  })
  .print('shifts')

// Which readings are of two seconds before or after the door was opened.
const doors = env
  .fromCollection([{ sensor: 'oven', door: 'front', at: 6 }])
  .assignTimestamps(({ at }) => at * 1000, watermarks.monotonic())
  .keyBy(({ sensor }) => sensor)
doors
  .intervalJoin(readings, { before: '2s', after: '2s' })
  .map(([{ door }, { celsius, at }]) => `${door}: ${celsius} at ${at} s`)
  .print('near')

// The same windows over both streams, each side by itself.
doors
  .connect(readings)
  .window({ type: 'tumbling', size: '1m' })
  .process(({ startTime, inputs: [opened, values] }) =>
    opened.length === 0
      ? null
      : `${startTime / 1000} s: ${opened.length} opened, ${values.length} readings`,
  )
  .print('both')

// Bytewax's windows: the watermark is that of the key, and `down`, `late` and `meta` are streams.
const { down, meta } = readings.countWindow('by key', {
  clock: { type: 'event', timestamp: ({ at }) => at * 1000, wait: '1h' },
  windower: { type: 'tumbling', length: '10s' },
})
down.map(([id, count]) => `window ${id}: ${count}`).print('down')
meta
  .map(([id, { open, close }]) => `window ${id} is ${open / 1000} s to ${close / 1000} s`)
  .print('meta')

await env.submit({ autostop: true })
