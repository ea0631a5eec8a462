import { defineJob, SqlSink, sqlite } from 'sage-stream'

export const visitTotals = defineJob(
  import.meta.url,
  'visit-totals',
  (env, { path }: { path: string }) => {
    const visits = env.createStream<string>('visits')
    visits
      .keyBy((page) => page)
      .map((page, ctx) => ({ page, visits: ++ctx.state('visits', () => 0).value }), {
        uid: 'count',
      })
      .sink(SqlSink, { database: sqlite(path), table: 'totals', key: ['page'] }, { uid: 'totals' })
    return { visits }
  },
)
