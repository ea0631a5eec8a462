/** Records with a schema; `docs/library.md`, "Schemas and views". */
import {
  type InferSchema,
  LocalEnvironment,
  list,
  materialize,
  nullable,
  registerType,
  schema,
} from 'sage-stream'

const Bid = schema('Bid', {
  auction: 'int64',
  price: 'float64',
  channel: 'string',
  url: nullable('string'),
  tags: list('string'),
})
type Bid = InferSchema<typeof Bid>

const env = new LocalEnvironment('schemas', { parallelism: 2 })
const bids = env.fromGenerator(
  4,
  (i): Bid => ({ auction: i % 2, price: 10 + i, channel: 'web', url: null, tags: ['new'] }),
)

// Checked here; from here on bids cross threads as FlatBuffers tables.
bids
  .withSchema(Bid)
  .keyBy((bid) => bid.auction)
  .maxFinal('highest', (bid) => bid.price)
  .map(({ auction, price }) => `auction ${auction}: ${price}`)
  .print('objects')

// By view, fields are read where they lie: for functions that need few of many.
bids
  .withSchema(Bid, { read: 'view' })
  .keyBy((bid) => bid.auction)
  .filter((bid) => bid.price > 11)
  .map((bid) => materialize(bid).tags.length * bid.price)
  .print('views')

// A record that does not fit is an error of that record.
env
  .fromCollection([{ auction: 1, price: 'ten' }] as unknown[] as Bid[])
  .withSchema(Bid, { errors: { deadLetter: true } })
  .deadLetters()
  .map(({ error }) => (error as Error).message)
  .print('refused')

/** Instances of classes are no data, until the job module says how they travel. */
class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
}
registerType(Money, { encode: (money) => money.cents, decode: (cents: number) => new Money(cents) })
env
  .fromCollection([new Money(250)])
  .keyBy((money) => money.cents)
  .map((money) => money instanceof Money)
  .print('money')

await env.submit({ autostop: true })
