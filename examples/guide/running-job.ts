/** A job in a module of its own, with parameters; `docs/library.md`, "Running". */
import { defineJob } from 'sage-stream'

export const multiples = defineJob(
  import.meta.url,
  'multiples',
  (env, params: { of: number; below: number }) => {
    const found = env
      .fromGenerator(params.below, (n) => n)
      .filter((n) => n > 0 && n % params.of === 0)
    return {
      found: found.output('found'),
      sums: found
        .keyBy((n) => (n % 2 === 0 ? 'even' : 'odd'))
        .reduceFinal('sum', (sum, n) => sum + n)
        .entries()
        .output('sums'),
    }
  },
)
