import { defineJob, type JobEnvironment } from 'sage-stream'
import { queries } from './queries.ts'
import type { Recording } from './recording.ts'
import { Replay } from './replay.ts'

/** What a query is run with. */
export interface QueryParams {
  readonly query: string
  readonly recording: Recording
  /** How many sources read it side by side. */
  readonly partitions: number
  /** How often the recording is gone through; `Infinity` for ever. */
  readonly rounds: number
}

/** A query whose rows are read on the main thread. */
export const queryRows = defineJob(import.meta.url, 'nexmark rows', (env, params: QueryParams) => ({
  rows: queries[params.query].build(eventsIn(env, params)).output('rows'),
}))

/** A query whose rows end where they are made. */
export const queryRate = defineJob(import.meta.url, 'nexmark rate', (env, params: QueryParams) => {
  queries[params.query].build(eventsIn(env, params)).sink(() => {}, { name: 'rows' })
  return {}
})

const eventsIn = (env: JobEnvironment, { recording, partitions, rounds }: QueryParams) =>
  env.fromSource(new Replay(recording, { partitions, rounds }), { name: 'events' })
