import Fastify, { type FastifyInstance } from 'fastify'
import { type EnvironmentConfig, StreamError } from 'sage-stream'
import { type Order, orderScores, type Score } from './service-job.ts'

const body = {
  type: 'object',
  required: ['id', 'user', 'amount'],
  additionalProperties: false,
  properties: {
    id: { type: 'integer' },
    user: { type: 'string', minLength: 1 },
    amount: { type: 'number', exclusiveMinimum: 0 },
  },
} as const

/** How an HTTP client is told of what the engine could not do. */
const statusOf: Readonly<Record<string, number>> = { SAGE_TIMEOUT: 504, SAGE_STREAM_ENDED: 503 }

/** A service that answers every order with its score. Closing it stops the job: what was accepted is still scored. */
export async function createService(
  threshold: number,
  config?: EnvironmentConfig,
): Promise<FastifyInstance> {
  const job = await orderScores.submit({ threshold }, config)
  const { orders, scores, alerts } = job.io

  const latest: Score[] = []
  const reading = (async () => {
    for await (const alert of alerts) {
      latest.push(alert)
      if (latest.length > 100) latest.shift()
    }
  })()

  const app = Fastify()
  app.post<{ Body: Order }>('/orders', { schema: { body } }, async (request) => {
    return orders.ask(request.body, { reply: scores, timeout: '1s' })
  })
  app.get('/alerts', async () => latest)
  app.get('/metrics', async () => job.metrics())

  app.setErrorHandler((error: Error & { statusCode?: number }, _, reply) => {
    const status = error instanceof StreamError ? (statusOf[error.code] ?? 500) : error.statusCode
    return reply.code(status ?? 500).send({ error: error.message })
  })
  app.addHook('onClose', async () => {
    await job.stop()
    await reading
  })
  return app
}

if (import.meta.main) {
  const app = await createService(3)
  console.log(`scores orders at ${await app.listen({ port: 3000 })}/orders`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
}
