import { counting, orders, twofold } from './fixtures/measured-jobs.ts'
import { jobThroughput, measureLatency, measureThroughput } from './index.ts'

/** Compile-time checks: streams, outputs, records and results of a job are known by its definition. */
const load = { rate: 1, duration: '1s' } as const

export async function latencies(): Promise<void> {
  await measureLatency(orders, {
    ...load,
    params: { keepEvery: 2 },
    record: (i) => ({ id: i, user: 'ada' }),
    idOf: (result) => result.id,
  })
  await measureLatency(twofold, {
    ...load,
    into: 'words',
    from: 'lengths',
    record: (i) => 'x'.repeat(i),
    idOf: ({ seq }) => seq,
  })
  // @ts-expect-error - an output is no stream
  await measureLatency(twofold, { ...load, into: 'lengths', record: (i) => i })
  // @ts-expect-error - 'words' takes strings
  await measureLatency(twofold, { ...load, into: 'words', from: 'lengths', record: (i) => i })
  // @ts-expect-error - a record is missing its user
  await measureLatency(orders, { ...load, record: (i) => ({ id: i }) })
  // @ts-expect-error - the result has no such field
  await measureLatency(orders, { ...load, record: (i) => ({ id: i, user: '' }), idOf: (r) => r.no })
  // @ts-expect-error - not a duration
  await measureLatency(orders, { ...load, duration: 'soon', record: (i) => ({ id: i, user: '' }) })
}

export async function throughputs(): Promise<void> {
  await measureThroughput(counting, {
    params: 10,
    check: ({ sums }) => sums.map((sum) => sum.toFixed()),
  })
  jobThroughput(twofold, { push: { into: 'words', count: 1, record: () => 'x' } })
  // @ts-expect-error - params of another type
  jobThroughput(counting, { params: 'ten' })
  // @ts-expect-error - no such stream
  jobThroughput(twofold, { push: { into: 'nothing', count: 1, record: () => 'x' } })
  // @ts-expect-error - no such output
  jobThroughput(counting, { check: ({ totals }) => totals })
}
