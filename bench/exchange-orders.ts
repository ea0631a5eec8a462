import type { RecordCursor } from '../codec/record-codec.ts'
import { schema } from '../codec/schema.ts'

/** The record: four numbers, three strings. */
export interface Order {
  readonly id: number
  readonly price: number
  readonly quantity: number
  readonly time: number
  readonly user: string
  readonly symbol: string
  readonly note: string
}

/** Its schema. */
export const orderSchema = schema('Order', {
  id: 'int64',
  price: 'float64',
  quantity: 'int32',
  time: 'float64',
  user: 'string',
  symbol: 'string',
  note: 'string',
})

/** Records to choose from: prepared, so that their making is not measured. */
export const ORDERS = Array.from(
  { length: 4096 },
  (_, i): Order => ({
    id: i,
    price: 100 + (i % 50) / 4,
    quantity: (i % 9) + 1,
    time: 1_700_000_000_000 + i,
    user: `user-${i % 1000}`,
    symbol: ['ACME', 'GLOBEX', 'INITECH'][i % 3],
    note: `order number ${i}`,
  }),
)

/** Which fields the receiver reads: all seven, or two numbers. */
export type FieldsRead = 'all' | 'two'

/** Sums up the records of a batch: as they are, or (by view) where they lie. */
export type ReadBatch = (values: any[], count: number) => number

/** How a receiver reads records that are objects. */
export function objectReader(fields: FieldsRead): ReadBatch {
  return fields === 'all' ? sumOfAll : sumOfTwo
}

/** How a receiver reads records by the view of a cursor. */
export function viewReader(cursor: RecordCursor): ReadBatch {
  return (places, count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      const order = cursor.at(places[i]) as Order
      sum += order.quantity + order.price
    }
    return sum
  }
}

/** What all receivers must find. */
export function expectedSum(records: number, fields: FieldsRead): number {
  const read = objectReader(fields)
  let sum = 0
  for (let i = 0; i < records; i++) sum += read([ORDERS[i & 4095]], 1)
  return sum
}

// Touches every field, so that nothing can be left undecoded.
function sumOfAll(orders: readonly Order[], count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const o = orders[i]
    sum += o.id + o.quantity + o.price + (o.time % 1000)
    sum += o.user.length + o.symbol.length + o.note.length
  }
  return sum
}

function sumOfTwo(orders: readonly Order[], count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += orders[i].quantity + orders[i].price
  return sum
}
