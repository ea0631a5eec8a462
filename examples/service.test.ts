import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createService } from './service.ts'

describe('the service', () => {
  let app: FastifyInstance
  let url: string

  beforeAll(async () => {
    app = await createService(3, { parallelism: 2, maxThreads: 2 })
    url = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => app.close())

  const post = async (order: unknown) => {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    })
    return [response.status, await response.json()] as const
  }

  const get = async (path: string): Promise<unknown> => (await fetch(`${url}/${path}`)).json()

  it('answers each order with its score, many at once', async () => {
    for (let id = 0; id < 10; id++) {
      expect(await post({ id, user: 'ada', amount: 20 })).toEqual([
        200,
        { id, user: 'ada', times: 1 },
      ])
    }
    const ids = Array.from({ length: 200 }, (_, i) => 1000 + i)
    const answers = await Promise.all(ids.map((id) => post({ id, user: `u${id}`, amount: id })))
    expect(answers).toEqual(ids.map((id) => [200, { id, user: `u${id}`, times: 1 }]))
  })

  it('keeps what is far from the usual', async () => {
    expect(await post({ id: 1, user: 'bob', amount: 10 })).toMatchObject([200, { times: 1 }])
    expect(await post({ id: 2, user: 'bob', amount: 50 })).toMatchObject([200, { times: 5 }])
    // Its alert was asked by nobody: it comes to the reader, soon after the answer to the ask.
    let alerts: unknown[] = []
    while (alerts.length === 0) alerts = (await get('alerts')) as unknown[]
    expect(alerts).toEqual([{ id: 2, user: 'bob', times: 5 }])
  })

  it.each([
    [{ id: 1, user: 'ada' }, /amount/],
    [{ id: 1, user: 'ada', amount: -1 }, /amount/],
    [{ id: 'one', user: 'ada', amount: 1 }, /id/],
  ])('refuses %j', async (order, message) => {
    expect(await post(order)).toEqual([400, { error: expect.stringMatching(message) }])
  })

  it('shows the metrics of its job', async () => {
    const metrics = (await get('metrics')) as { name: string }[]
    expect(metrics.map(({ name }) => name)).toEqual([
      'orders',
      'keyBy',
      'Compare',
      'scores',
      'filter',
      'alerts',
    ])
  })
})

it('stops its job when it is closed', async () => {
  const app = await createService(3, { mode: 'inline' })
  const order = { id: 1, user: 'ada', amount: 20 }
  expect((await app.inject({ method: 'POST', url: '/orders', payload: order })).statusCode).toBe(
    200,
  )
  await app.close()
  expect(process.getActiveResourcesInfo()).not.toContain('MessagePort')
})

it('the load driver prints its histogram', async () => {
  const path = new URL('service-load.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=source',
    path,
    '--seconds',
    '1',
    '--connections',
    '10',
  ])
  expect(stdout).toMatch(
    /^[1-9]\d* orders scored, 0 failed\n\d+ a second; answered within, in ms:\n/,
  )
  expect(stdout.match(/^ +[\d.]+ % +\d+ +#*$/gm)?.length).toBe(5)
})
