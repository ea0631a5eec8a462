import { list, nullable, schema } from './schema.ts'
import { materialize, type View } from './view.ts'

// Type tests: checked by tsc, never run.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function same<A, B>(_: Same<A, B>): void {}

const person = schema('Person', { name: 'string', age: nullable('uint8') })
const bid = schema('Bid', {
  id: 'int64',
  serial: 'bigint',
  at: 'date',
  raw: 'bytes',
  url: nullable('string'),
  tags: list('string'),
  bidder: nullable(person),
  others: list(person),
})

interface Bid {
  id: number
  serial: bigint
  at: Date
  raw: Uint8Array
  url: string | null
  tags: string[]
  bidder: { name: string; age: number | null } | null
  others: { name: string; age: number | null }[]
}

interface BidView {
  readonly id: number
  readonly serial: bigint
  readonly at: Date
  readonly raw: Uint8Array
  readonly url: string | null
  readonly tags: readonly string[]
  readonly bidder: { readonly name: string; readonly age: number | null } | null
  readonly others: readonly { readonly name: string; readonly age: number | null }[]
}

/** Called by nothing. */
export function typeTests(view: View<Bid>, record: Bid): void {
  const shown: BidView = view
  const seen: View<Bid> = shown
  // A record is read as a view is.
  const read: View<Bid> = record
  same<(typeof view)['tags'], readonly string[]>(true)
  same<(typeof view)['at'], Date>(true)
  const back: Bid = materialize(view)
  const same_: Bid = materialize(record)
  const nested: Bid['bidder'] = materialize(view.bidder!)
  void [seen, read, back, same_, nested, bid]
  // @ts-expect-error: views are readonly
  view.id = 1
  // @ts-expect-error: deeply
  view.bidder!.name = ''
  // @ts-expect-error: and so are lists
  view.tags.push('')
  // @ts-expect-error: a view is no record
  const wrong: Bid = view
  void wrong
}
