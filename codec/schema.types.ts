import type { FlatBuffersRecord } from './from-flatbuffers.ts'
import type { Party } from './generated/trade/trade/party.ts'
import type { Trade } from './generated/trade/trade/trade.ts'
import { type InferSchema, list, nullable, type Schema, schema } from './schema.ts'

// Type tests: checked by tsc, never run.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function same<A, B>(_: Same<A, B>): void {}

const person = schema('Person', { name: 'string', age: nullable('uint8') })

const bid = schema('Bid', {
  auction: 'int64',
  serial: 'bigint',
  price: 'float64',
  url: nullable('string'),
  tags: list('string'),
  grid: list(list(nullable('int8'))),
  bidder: person,
  others: nullable(list(person)),
  raw: 'bytes',
  at: 'date',
  ok: 'bool',
})

interface Bid {
  auction: number
  serial: bigint
  price: number
  url: string | null
  tags: string[]
  grid: (number | null)[][]
  bidder: { name: string; age: number | null }
  others: { name: string; age: number | null }[] | null
  raw: Uint8Array
  at: Date
  ok: boolean
}

/** Called by nothing. */
export function typeTests(): void {
  same<InferSchema<typeof person>, { name: string; age: number | null }>(true)
  same<InferSchema<typeof bid>['grid'], Bid['grid']>(true)
  same<InferSchema<typeof bid>['others'], Bid['others']>(true)
  const both: Schema<Bid> = bid
  const back: InferSchema<typeof bid> = {} as Bid
  void [both, back]
  // @ts-expect-error: no such type
  schema('S', { x: 'int' })
  // @ts-expect-error: a field is missing
  const wrong: Schema<{ name: string; age: number | null; more: string }> = person
  void wrong
  same<FlatBuffersRecord<Party>, { id: bigint; name: string | null }>(true)
  same<
    FlatBuffersRecord<Trade>,
    {
      id: bigint
      symbol: string | null
      side: number
      price: number
      lot: number | null
      open: boolean
      buyer: { id: bigint; name: string | null } | null
      legs: { id: bigint; name: string | null }[]
      fills: number[]
      venues: string[]
      data: Uint8Array
      note: string | null
    }
  >(true)
}
