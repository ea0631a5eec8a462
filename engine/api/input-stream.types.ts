import { same } from './fixtures/same-type.ts'
import type { AskOptions, InputStream } from './input-stream.ts'
import type { OutputStream } from './output-stream.ts'

// Compiled by `tsc`, never run: what a user sees of the types.

interface Order {
  readonly id: number
}
interface Alert {
  readonly text: string
}

declare const orders: InputStream<Order>
declare const alerts: OutputStream<Alert>
declare const numbers: OutputStream<number>
const timeout = '1s'

// An ask has the type of the output that answers it.
same<Promise<Alert>>()(orders.ask({ id: 1 }, { reply: alerts, timeout }), true)
same<Promise<number>>()(orders.ask({ id: 1 }, { reply: numbers, timeout: 250 }), true)
declare const options: AskOptions<Alert>
same<Promise<Alert>>()(orders.ask({ id: 1 }, options), true)

// @ts-expect-error a record of the stream
void orders.ask({ text: 'x' }, { reply: alerts, timeout })
// @ts-expect-error an output
void orders.ask({ id: 1 }, { reply: orders, timeout })
// @ts-expect-error a timeout
void orders.ask({ id: 1 }, { reply: alerts })
// @ts-expect-error a duration
void orders.ask({ id: 1 }, { reply: alerts, timeout: '1 second' })
// @ts-expect-error a record of the stream
void orders.push('x')
void orders.push({ id: 1 }, { signal: AbortSignal.timeout(5) })
