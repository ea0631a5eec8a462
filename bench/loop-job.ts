import { defineJob } from 'sage-stream'

export interface LoopParams {
  /** Records that go round. */
  readonly count: number
  /** How often each does. */
  readonly rounds: number
  readonly byKey: boolean
}

/** Each record goes round the loop so often, and is then added to the sum. */
export const loop = defineJob(
  import.meta.url,
  'loop',
  (env, { count, rounds, byKey }: LoopParams) => {
    const again = env.fromFuture<number>('again')
    const all = env.fromGenerator(count, (i) => i * (rounds + 1) + rounds, { parallelism: 1 })
    const met = all.union(again)
    const dealt = byKey ? met.keyBy((n) => Math.floor(n / (rounds + 1)) % 97) : met
    const [going, done] = dealt.branch((n) => n % (rounds + 1) > 0)
    going.map((n) => n - 1).fillFuture(again)
    return {
      sum: done
        .map((n) => n / (rounds + 1))
        .keyBy(() => 0)
        .foldFinal(
          'sum',
          () => 0,
          (sum, n) => sum + n,
          { merge: (a, b) => a + b },
        )
        .entries()
        .output('sum'),
    }
  },
)
