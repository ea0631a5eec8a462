import { defineJob } from 'sage-stream'

/** What is summed up by user. */
export interface Sale {
  readonly user: string
  readonly amount: number
}

/** Sales of 1,000 users, in no order of theirs: prepared, so that their making is not measured. */
export const SALES: readonly Sale[] = Array.from({ length: 8192 }, (_, i) => ({
  user: `user-${(i * 7919) % 1000}`,
  amount: (i % 97) + 1,
}))

/** Sale `i`. */
export const sale = (i: number): Sale => SALES[i & 8191]

export const addSale = (sum: number, { amount }: Sale): number => sum + amount

/** One source, a sum for each user on two subtasks, all sums at the end. */
export const keyedSum = defineJob(
  import.meta.url,
  'keyed sum',
  (env, { count, merging }: { count: number; merging: boolean }) => {
    const sums = env
      .fromGenerator(count, sale, { parallelism: 1 })
      .keyBy(({ user }) => user)
      // With a merge, the source's thread folds what it has before it crosses.
      .foldFinal('sum', () => 0, addSale, merging ? { merge: (a, b) => a + b } : {})
    return { sums: sums.entries().output('sums') }
  },
)
