/** A job that goes on where it stood; `docs/library.md`, "Checkpoints". */
import { defineJob } from 'sage-stream'

export const wordCounts = defineJob(import.meta.url, 'word-counts', (env) => {
  const words = env.createStream<string>('words')
  const counts = words
    .keyBy((word) => word)
    .statefulMap('counts', (count: number | undefined, word) => {
      const next = (count ?? 0) + 1
      return [next, `${word}: ${next}`]
    })
    .output('counts')
  return { words, counts }
})
