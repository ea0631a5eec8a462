import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { defineJob, FileSink, type PartitionedSource, type PartitionReader } from 'sage-stream'
import type { Event } from './events.ts'
import { queries } from './queries.ts'
import type { Recording } from './recording.ts'
import { Replay } from './replay.ts'

/** Partitions of the recording, at whatever parallelism. */
const PARTITIONS = 4

export interface ChaosParams {
  readonly queries: readonly string[]
  readonly recording: Recording
  /** A folder for each query's rows is in it. */
  readonly output: string
  /** Events of a partition between two rests of a millisecond; 0: no rests. */
  readonly pace: number
}

/** A row as it lies in a file. */
export interface FiledRow {
  readonly row: string
  /** Which row of the result it is, where the query updates its rows. */
  readonly of: string | number | null
}

/** A recording, gone through once and slowly. */
class SlowReplay implements PartitionedSource<Event, number> {
  readonly #replay: Replay
  readonly #pace: number

  constructor({ recording, pace }: ChaosParams) {
    this.#replay = new Replay(recording, { partitions: PARTITIONS, rounds: 1 })
    this.#pace = pace
  }

  partitions(): string[] {
    return this.#replay.partitions()
  }

  open(partition: string, position?: number): PartitionReader<Event, number> {
    const reader = this.#replay.open(partition, position)
    const pace = this.#pace
    if (pace === 0) return reader
    return {
      position: () => reader.position(),
      async next(max) {
        await after(1)
        return reader.next(Math.min(max, pace))
      },
    }
  }
}

/** Queries over one recording, side by side in one job; their rows end in files. */
export const chaosQueries = defineJob(
  import.meta.url,
  'nexmark chaos',
  (env, params: ChaosParams) => {
    const events = env.fromSource(new SlowReplay(params), { name: 'events', uid: 'events' })
    for (const name of params.queries) {
      const { build, row, rowOf } = queries[name]
      build(events)
        .map((record): FiledRow => ({ row: row(record).join('|'), of: rowOf?.(record) ?? null }), {
          name: `${name} rows`,
        })
        .sink(
          FileSink,
          { path: join(params.output, name), format: 'json' },
          { name: `${name} files` },
        )
    }
    return {}
  },
)
