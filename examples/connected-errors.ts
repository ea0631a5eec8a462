import { LocalEnvironment, StreamError } from 'sage-stream'

const env = new LocalEnvironment('connected-errors')
const orders = env.fromCollection(['10', '20', 'ten'], { name: 'orders' })
const refunds = env.fromCollection(['5', '7', 'x'], { name: 'refunds' })

// Each order must be a number; a bad one is told of and left out. With more than ten in a minute something is wrong.
const connected = orders
  .connect(refunds)
  .configureBackpressure({ strategy: 'block', bufferSize: 1000, timeout: '30s' })
  .onError((streamId, error) => {
    console.log(`Error in stream ${streamId}: ${error.message}`)
    return 'continue'
  })
  .setErrorThreshold({ maxErrors: 10, timeWindow: '1m' })

const amountOf = (text: string): number => {
  const amount = Number(text)
  if (Number.isNaN(amount)) throw new Error(`${text} is no amount`)
  return amount
}
connected.coMap([(order) => amountOf(order), (refund) => -amountOf(refund)]).print()

// A processor may also see to its errors itself.
orders
  .connect(refunds)
  .process((streams, state) => {
    const amounts: number[] = []
    for (const stream of streams) {
      for (const text of stream) {
        try {
          amounts.push(amountOf(text))
        } catch (error) {
          state.append('errors', String(error))
        }
      }
    }
    return amounts.length > 0 ? amounts : [`${state.get<string[]>('errors', []).length} errors`]
  })
  .filter((value) => typeof value === 'string')
  .print()

try {
  await env.submit({ autostop: true })
} catch (error) {
  if (!(error instanceof StreamError)) throw error
  console.log(`the job failed: ${error.code}`)
}
