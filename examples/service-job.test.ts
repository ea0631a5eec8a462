import { settled } from 'sage-stream/testing'
import { expect, it } from 'vitest'
import { orderScores } from './service-job.ts'

it('an order far above the usual is an alert', async () => {
  await using job = await orderScores.submit({ threshold: 3 }, { mode: 'inline' })
  const { orders, scores, alerts } = job.io
  const read = alerts.toArray()

  const timeout = '5s'
  const usual = await orders.ask({ id: 1, user: 'ada', amount: 20 }, { reply: scores, timeout })
  expect(usual).toEqual({ id: 1, user: 'ada', times: 1 })
  await orders.push({ id: 2, user: 'ada', amount: 100 })
  await orders.push({ id: 3, user: 'bob', amount: 100 })

  await settled(job) // all that was pushed has had its effect
  expect(job.metrics().find(({ name }) => name === 'alerts')?.recordsOut).toBe(1)
  await job.stop()
  expect(await read).toEqual([{ id: 2, user: 'ada', times: 5 }])
})
