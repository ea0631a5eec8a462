import { defineJob } from 'sage-stream'

/** Nothing to read, nothing to do, on two workers. */
export const empty = defineJob(import.meta.url, 'empty', (env) => {
  env
    .fromCollection([])
    .rebalance()
    .map((n) => n)
    .sink(() => {})
  return {}
})
