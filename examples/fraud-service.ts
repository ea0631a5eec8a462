import Fastify, { type FastifyInstance } from 'fastify'
import type { EnvironmentConfig } from 'sage-stream'
import { type Fraud, fraudDetection, type Login, type Purchase } from './fraud-service-job.ts'

const text = { type: 'string', minLength: 1 } as const
const number = { type: 'number', minimum: 0 } as const

const login = {
  type: 'object',
  required: ['user', 'country', 'at'],
  properties: { user: text, country: text, at: number },
} as const

const purchase = {
  type: 'object',
  required: ['id', 'user', 'country', 'amount', 'at'],
  properties: { id: { type: 'integer' }, user: text, country: text, amount: number, at: number },
} as const

/** A service that takes logins and purchases in, and tells of the purchases that look like fraud. */
export async function createFraudService(
  largeAmount: number,
  config?: EnvironmentConfig,
): Promise<FastifyInstance> {
  const job = await fraudDetection.submit({ largeAmount }, config)
  const { logins, purchases, frauds } = job.io

  const found: Fraud[] = []
  const reading = (async () => {
    for await (const fraud of frauds) found.push(fraud)
  })()

  const app = Fastify()
  app.post<{ Body: Login }>('/logins', { schema: { body: login } }, async (request, reply) => {
    await logins.push(request.body)
    return reply.code(202).send()
  })
  app.post<{ Body: Purchase }>(
    '/purchases',
    { schema: { body: purchase } },
    async (request, reply) => {
      await purchases.push(request.body)
      return reply.code(202).send()
    },
  )
  app.get('/frauds', async () => found)
  app.get('/metrics', async () => job.metrics())
  app.addHook('onClose', async () => {
    await job.stop()
    await reading
  })
  return app
}

if (import.meta.main) {
  const app = await createFraudService(1000)
  console.log(`looks for fraud at ${await app.listen({ port: 3000 })}/purchases`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
}
