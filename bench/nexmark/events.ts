/** Someone who registered: sells and bids. */
export interface Person {
  readonly kind: 'person'
  readonly id: number
  readonly name: string
  readonly email_address: string
  readonly credit_card: string
  readonly city: string
  /** In lower case. */
  readonly state: string
  readonly date_time: number
  readonly extra: string
}

/** An item for sale, from `date_time` to `expires`, both inclusive. */
export interface Auction {
  readonly kind: 'auction'
  readonly id: number
  readonly item_name: string
  readonly description: string
  readonly initial_bid: number
  readonly reserve: number
  readonly date_time: number
  readonly expires: number
  /** The id of a person. */
  readonly seller: number
  /** One of 10 to 14. */
  readonly category: number
  readonly extra: string
}

/** An offer for an auction. */
export interface Bid {
  readonly kind: 'bid'
  /** The id of an auction, which may open a little later, or never. */
  readonly auction: number
  /** The id of a person. */
  readonly bidder: number
  /** In cents. */
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly date_time: number
  readonly extra: string
}

/** What happens at the auction house. `date_time` and `expires` are ms since the epoch. */
export type Event = Person | Auction | Bid

/** A line of a recorded file: the event under the name of its kind. */
export type RecordedLine =
  | { readonly Person: Omit<Person, 'kind'> }
  | { readonly Auction: Omit<Auction, 'kind'> }
  | { readonly Bid: Omit<Bid, 'kind'> }

export const isPerson = (event: Event): event is Person => event.kind === 'person'
export const isAuction = (event: Event): event is Auction => event.kind === 'auction'
export const isBid = (event: Event): event is Bid => event.kind === 'bid'

/** When an event happened: for `assignTimestamps`. */
export const timeOf = (event: Event): number => event.date_time

/** The event of a line, in the shape that all events of its kind have; undefined for a line that holds none. */
export function eventOf(line: RecordedLine): Event | undefined {
  if ('Bid' in line) return bid(line.Bid, 0, 0, 0)
  if ('Auction' in line) return auction(line.Auction, 0, 0, 0)
  return 'Person' in line ? person(line.Person, 0, 0) : undefined
}

/** A copy of an event with later times and higher ids. */
export function shifted(event: Event, ms: number, persons: number, auctions: number): Event {
  if (event.kind === 'bid') return bid(event, ms, persons, auctions)
  if (event.kind === 'auction') return auction(event, ms, persons, auctions)
  return person(event, ms, persons)
}

function person(from: Omit<Person, 'kind'>, ms: number, persons: number): Person {
  return {
    kind: 'person',
    id: from.id + persons,
    name: from.name,
    email_address: from.email_address,
    credit_card: from.credit_card,
    city: from.city,
    state: from.state,
    date_time: from.date_time + ms,
    extra: from.extra,
  }
}

function auction(
  from: Omit<Auction, 'kind'>,
  ms: number,
  persons: number,
  auctions: number,
): Auction {
  return {
    kind: 'auction',
    id: from.id + auctions,
    item_name: from.item_name,
    description: from.description,
    initial_bid: from.initial_bid,
    reserve: from.reserve,
    date_time: from.date_time + ms,
    expires: from.expires + ms,
    seller: from.seller + persons,
    category: from.category,
    extra: from.extra,
  }
}

function bid(from: Omit<Bid, 'kind'>, ms: number, persons: number, auctions: number): Bid {
  return {
    kind: 'bid',
    auction: from.auction + auctions,
    bidder: from.bidder + persons,
    price: from.price,
    channel: from.channel,
    url: from.url,
    date_time: from.date_time + ms,
    extra: from.extra,
  }
}
