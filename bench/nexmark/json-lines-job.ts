import { defineJob } from 'sage-stream'
import type { RecordedLine } from './events.ts'

/** From files of recorded events to their bids, counted where they are found. */
export const bidsInFiles = defineJob(import.meta.url, 'bids in files', (env, path: string) => {
  env
    .fromFile(path, { format: 'json' })
    .map((line: RecordedLine) => ('Bid' in line ? line.Bid : null))
    .sink(() => {}, { name: 'bids' })
  return {}
})
