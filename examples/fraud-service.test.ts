import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { settled } from 'sage-stream/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFraudService } from './fraud-service.ts'
import { fraudDetection } from './fraud-service-job.ts'

it('tells of purchases that do not fit the login before them', async () => {
  await using job = await fraudDetection.submit({ largeAmount: 1000 }, { mode: 'inline' })
  const { logins, purchases, frauds } = job.io
  const read = frauds.toArray()
  await logins.push({ user: 'ada', country: 'GB', at: 0 })
  await logins.push({ user: 'bob', country: 'US', at: 0 })
  await settled(job)
  const purchase = { country: 'GB', amount: 20, at: 5_000 }
  await purchases.push({ ...purchase, id: 1, user: 'ada' })
  await purchases.push({ ...purchase, id: 2, user: 'bob' })
  await purchases.push({ ...purchase, id: 3, user: 'ada', amount: 1000 })
  await purchases.push({ ...purchase, id: 4, user: 'ada', amount: 1000, at: 15_000 })
  await purchases.push({ ...purchase, id: 5, user: 'cid' })
  await settled(job)
  await logins.push({ user: 'bob', country: 'GB', at: 20_000 })
  await settled(job)
  await purchases.push({ ...purchase, id: 6, user: 'bob', at: 21_000 })
  await job.stop()
  expect((await read).toSorted((a, b) => a.id - b.id)).toEqual([
    { id: 2, user: 'bob', reason: 'logged in from US, bought from GB' },
    { id: 3, user: 'ada', reason: '1000 within seconds of the login' },
    { id: 5, user: 'cid', reason: 'no login' },
  ])
})

describe('the service', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    app = await createFraudService(1000, { parallelism: 2, maxThreads: 2 })
  })
  afterAll(() => app.close())

  const post = async (url: string, payload: object) =>
    (await app.inject({ method: 'POST', url, payload })).statusCode
  const get = async (url: string) => (await app.inject({ method: 'GET', url })).json()

  it('takes events in over HTTP and gives what it found', async () => {
    expect(await post('/logins', { user: 'ada', country: 'GB', at: 0 })).toBe(202)
    // The two streams come to the detection on ways of their own: the login has arrived when it is counted there.
    const arrived = async () =>
      (await get('/metrics')).find(({ name }: { name: string }) => name === 'process').recordsIn
    while ((await arrived()) === 0) await setImmediate()
    const purchase = { id: 1, user: 'ada', country: 'FR', amount: 20, at: 1000 }
    expect(await post('/purchases', purchase)).toBe(202)
    let frauds: unknown[] = []
    for (; frauds.length === 0; await setImmediate()) frauds = await get('/frauds')
    expect(frauds).toEqual([{ id: 1, user: 'ada', reason: 'logged in from GB, bought from FR' }])
  })

  it('refuses what is no event', async () => {
    expect(await post('/logins', { user: 'ada' })).toBe(400)
    expect(
      await post('/purchases', { id: 'x', user: 'ada', country: 'FR', amount: 1, at: 1 }),
    ).toBe(400)
  })
})
