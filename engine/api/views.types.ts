import { type InferSchema, list, materialize, schema, type View } from '../index.ts'
import type { DataStream, KeyedStream } from './streams.ts'

// Type tests: checked by tsc, never run.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function same<A, B>(_: Same<A, B>): void {}

const Order = schema('Order', { id: 'int32', tags: list('string') })
type Order = InferSchema<typeof Order>

/** Called by nothing. */
export function typeTests(stream: DataStream<unknown>, keyed: KeyedStream<string, unknown>): void {
  const views = stream.withSchema(Order, { read: 'view', name: 'n' })
  same<typeof views, DataStream<View<Order>>>(true)
  const kept = keyed.withSchema(Order, { read: 'view' })
  same<typeof kept, KeyedStream<string, View<Order>>>(true)
  const records = stream.withSchema(Order)
  same<typeof records, DataStream<Order>>(true)
  const named = stream.withSchema(Order, { read: 'object' })
  same<typeof named, DataStream<Order>>(true)
  const own = views.filter(({ id }) => id > 1).map((view) => materialize(view))
  same<typeof own, DataStream<Order>>(true)
  views.map((view) => {
    // @ts-expect-error: views are readonly
    view.id = 2
    // @ts-expect-error: deeply
    view.tags.push('')
    return view.tags
  })
  // @ts-expect-error: no such way to read
  stream.withSchema(Order, { read: 'copy' })
}
