import { eventsOf, type Recording } from '../recording.ts'
import { ReplayReader } from '../replay.ts'
import type { ReplayTime } from '../run.ts'
import type { MakeLoop } from './loop.ts'

/** As many as a source reads at a time. */
const BATCH = 1_024

/** The rows of a loop over a recording, gone through once. */
export function loopRows(make: MakeLoop, recording: Recording): unknown[] {
  const rows: unknown[] = []
  const loop = make((row) => rows.push(row))
  loop.feed(eventsOf(recording, 0, 1))
  loop.end()
  return rows
}

/**
 * How fast a loop is on the replay that a job's source reads, new records and all; on this thread, which it blocks.
 */
export function runLoop(
  make: MakeLoop,
  recording: Recording,
  { seconds, warmup }: ReplayTime,
): { events: number; seconds: number } {
  const reader = new ReplayReader(eventsOf(recording, 0, 1), recording.span, Infinity)
  // As the job's sink does.
  const loop = make(() => {})
  const feedFor = (ms: number) => {
    const begin = performance.now()
    let events = 0
    for (;;) {
      const batch = reader.next(BATCH) ?? []
      loop.feed(batch)
      events += batch.length
      const elapsed = performance.now() - begin
      if (elapsed >= ms) return { events, seconds: elapsed / 1000 }
    }
  }
  feedFor(warmup * 1000)
  return feedFor(seconds * 1000)
}
