import { type Event, eventOf, type RecordedLine } from './events.ts'

/** What each field of an event is. */
const FIELDS: Readonly<Record<Event['kind'], Readonly<Record<string, 'number' | 'string'>>>> = {
  person: {
    id: 'number',
    name: 'string',
    email_address: 'string',
    credit_card: 'string',
    city: 'string',
    state: 'string',
    date_time: 'number',
    extra: 'string',
  },
  auction: {
    id: 'number',
    item_name: 'string',
    description: 'string',
    initial_bid: 'number',
    reserve: 'number',
    date_time: 'number',
    expires: 'number',
    seller: 'number',
    category: 'number',
    extra: 'string',
  },
  bid: {
    auction: 'number',
    bidder: 'number',
    price: 'number',
    channel: 'string',
    url: 'string',
    date_time: 'number',
    extra: 'string',
  },
}

const WORDS = { number: 'a whole number of 0 or more', string: 'a string' }

/**
 * The event of a line of a recording, whole and of the right types.
 *
 * @throws Error that says what was expected and what came
 */
export function parseLine(text: string): Event {
  const line = jsonOf(text)
  if (!isRecorded(line)) {
    throw new Error(`expected {"Person": {…}}, {"Auction": {…}} or {"Bid": {…}}, got ${cut(text)}`)
  }
  // Of a line that holds an object under one of these names it makes an event.
  const event = eventOf(line)!
  const own = Object.values(line)[0] as Record<string, unknown>
  for (const [field, type] of Object.entries(FIELDS[event.kind])) {
    if (fits(own[field], type)) continue
    const got = own[field] === undefined ? 'none' : cut(JSON.stringify(own[field]))
    throw new Error(`expected ${field} of a ${event.kind} to be ${WORDS[type]}, got ${got}`)
  }
  return event
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`expected an event in JSON, got ${cut(text)}: ${(error as Error).message}`)
  }
}

/** A line has one event, under the name of its kind. */
function isRecorded(line: unknown): line is RecordedLine {
  if (typeof line !== 'object' || line === null) return false
  const entries = Object.entries(line)
  if (entries.length !== 1) return false
  const [kind, event] = entries[0]
  return ['Person', 'Auction', 'Bid'].includes(kind) && typeof event === 'object' && event !== null
}

function fits(value: unknown, type: 'number' | 'string'): boolean {
  return type === 'string'
    ? typeof value === 'string'
    : Number.isSafeInteger(value) && (value as number) >= 0
}

const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
