import { Presets, SingleBar } from 'cli-progress'

/** Shows how far a job is until it is stopped. */
export interface Progress {
  stop(): void
}

/**
 * A bar on a terminal; elsewhere a plain line a second, with no carriage returns.
 *
 * @param total - 0 where it is unknown
 * @param count - how many records have been read so far
 */
export function showProgress(total: number, count: () => number): Progress {
  return process.stdout.isTTY ? showBar(total, count) : showLines(total, count)
}

function showBar(total: number, count: () => number): Progress {
  const began = performance.now()
  const format = '{bar} {percentage}% | {value} of {total} flights | {rate} | {left}'
  const bar = new SingleBar(
    { format, stream: process.stdout, formatValue: (value, _, type) => barValue(value, type) },
    Presets.shades_classic,
  )
  const update = () => {
    const done = count()
    bar.update(done, pace(done, total, performance.now() - began))
  }
  bar.start(total, 0, pace(0, total, 0))
  const timer = setInterval(update, 100)
  return {
    stop: () => {
      clearInterval(timer)
      update()
      bar.stop()
    },
  }
}

function barValue(value: number, type: string): string {
  return type === 'value' || type === 'total' ? value.toLocaleString('en') : String(value)
}

function showLines(total: number, count: () => number): Progress {
  const began = performance.now()
  const print = () => {
    const done = count()
    const { rate, left } = pace(done, total, performance.now() - began)
    const of = total > 0 ? ` of ${total.toLocaleString('en')}` : ''
    console.log(`${done.toLocaleString('en')}${of} flights, ${rate}, ${left}`)
  }
  const timer = setInterval(print, 1000)
  return {
    stop: () => {
      clearInterval(timer)
      print()
    },
  }
}

/** The rate so far, and how long the rest takes at that rate. */
export function pace(done: number, total: number, ms: number): { rate: string; left: string } {
  const perSecond = ms > 0 ? (done / ms) * 1000 : 0
  const rate = `${(perSecond / 1e6).toFixed(2)} M/s`
  if (total === 0 || perSecond === 0) return { rate, left: 'ETA unknown' }
  return { rate, left: `ETA ${Math.max(0, (total - done) / perSecond).toFixed(1)} s` }
}
