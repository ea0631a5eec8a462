/**
 * The job of `npm start`: delays of US flights by airport of departure.
 *
 * A module of its own: every worker thread imports it and builds the same graph.
 */
import { defineJob } from 'sage-stream'

/** The columns that are read; the file has more. */
export interface Flight {
  readonly date: Date
  /** Minutes; negative when early. */
  readonly delay: number
  readonly origin: string
}

/** What is known of an airport while its flights come in. */
export interface Tally {
  flights: number
  delay: number
  late: number
  /** By days since 1970-01-01 (UTC). */
  readonly days: Map<number, { flights: number; delay: number }>
}

/** A row of the table. */
export interface Airport {
  readonly code: string
  readonly flights: number
  /** Minutes. */
  readonly meanDelay: number
  /** Percentage of flights late by more than 15 minutes. */
  readonly late: number
  /**
   * The day with the highest mean delay among those with at least 10 flights; the earlier of
   * equals.
   */
  readonly worstDay: string | null
}

export const columns = ['date', 'delay', 'origin'] as const

const DAY_MS = 86_400_000
const LATE_MINUTES = 15
const MIN_FLIGHTS = 10

/**
 * Row groups of the file are read side by side. As the tallies can be merged, each reader folds its
 * own flights first: what crosses threads is a tally per airport, not a record per flight.
 */
export const flights = defineJob(
  import.meta.url,
  'flights',
  (env, { file }: { readonly file: string }) => {
    const airports = env
      .fromFile<Flight>(file, { format: 'parquet', columns, name: 'flights' })
      .keyBy((flight) => flight.origin, 'hash', { name: 'by origin' })
      .foldFinal('tally', newTally, addFlight, { merge: mergeTallies })
      .entries()
      .map(([code, tally]) => airportOf(code, tally), { name: 'airport' })
      .output('airports')
    return { airports }
  },
)

/** An airport without flights. */
export function newTally(): Tally {
  return { flights: 0, delay: 0, late: 0, days: new Map() }
}

/** Adds a flight in place. */
export function addFlight(tally: Tally, flight: Flight): Tally {
  const { delay } = flight
  tally.flights++
  tally.delay += delay
  if (delay > LATE_MINUTES) tally.late++
  addToDay(tally, Math.floor(flight.date.getTime() / DAY_MS), 1, delay)
  return tally
}

/** The row of an airport. */
export function airportOf(code: string, tally: Tally): Airport {
  return {
    code,
    flights: tally.flights,
    meanDelay: tally.delay / tally.flights,
    late: (100 * tally.late) / tally.flights,
    worstDay: worstDay(tally),
  }
}

function mergeTallies(a: Tally, b: Tally): Tally {
  a.flights += b.flights
  a.delay += b.delay
  a.late += b.late
  for (const [day, { flights, delay }] of b.days) addToDay(a, day, flights, delay)
  return a
}

function addToDay(tally: Tally, day: number, flights: number, delay: number): void {
  const known = tally.days.get(day)
  if (known === undefined) {
    tally.days.set(day, { flights, delay })
  } else {
    known.flights += flights
    known.delay += delay
  }
}

function worstDay({ days }: Tally): string | null {
  let worst: { day: number; mean: number } | undefined
  for (const [day, { flights, delay }] of days) {
    if (flights < MIN_FLIGHTS) continue
    const mean = delay / flights
    if (worst === undefined || mean > worst.mean || (mean === worst.mean && day < worst.day)) {
      worst = { day, mean }
    }
  }
  return worst === undefined ? null : new Date(worst.day * DAY_MS).toISOString().slice(0, 10)
}
