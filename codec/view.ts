import { StreamError } from './errors.ts'
import type { TableReader } from './schema-reader.ts'
import type { Table } from './table-layout.ts'
import type { TableViews } from './table-views.ts'

type ViewOf<V> = V extends Date | Uint8Array
  ? V
  : V extends readonly (infer E)[]
    ? readonly ViewOf<E>[]
    : V extends object
      ? View<V>
      : V

/**
 * A record of type `T` that is read where it lies: deeply readonly, and valid during the call that
 * got it. What a call emits is made into records of its own by the engine; what a function keeps in
 * another way it must `materialize`.
 *
 * Every field is an own enumerable accessor, and every reading of a string, list, `Date` or
 * `Uint8Array` makes a new one: read it once where it is needed twice. The elements of lists are
 * plain values, never views.
 */
export type View<T> = { readonly [K in keyof T]: ViewOf<T[K]> }

/** Under which a view keeps its place. Not enumerable: no copy of a view has it. */
export const PLACE: unique symbol = Symbol('sage-stream.place')

/** Where the record of a view lies. */
export interface Place {
  readonly view: object
  readonly table: Table
  /** Reads the whole record as a plain object. */
  readonly read: TableReader
  r: TableViews
  /** The position of the record's table. */
  t: number
  /** By field: the places of nested records that have been asked for. */
  readonly nested: Place[]
  /** Shared with the nested places; undefined where nobody checks it. */
  readonly life: Life | undefined
  /** Called when the view is to stay valid although its call ends. */
  pin: () => void
}

/** Whether a view's call still runs. */
export interface Life {
  ended: boolean
  /** Then it counts as running for ever. */
  pinned: boolean
}

/** The place of a view; undefined for everything else. */
export function placeOf(value: unknown): Place | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { [PLACE]?: Place })[PLACE]
}

/** What reading a view whose call has ended fails with. */
export function staleRecord(): StreamError {
  const hint = 'keep materialize(view), or the fields that you need'
  return new StreamError(
    'SAGE_STALE_RECORD',
    `view: expected to be read during the call that got it, got a later read; ${hint}`,
  )
}

/**
 * The record of a view as a plain object of its own; of plain objects, arrays, maps and sets that
 * hold views, a copy that holds their records instead. Everything else is returned as it is.
 *
 * @throws StreamError `SAGE_STALE_RECORD` in strict mode, for a view whose call has ended
 */
export function materialize<T extends object>(view: View<T>): T
export function materialize<T>(value: T): T
export function materialize(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? withoutViews(value, 0) : value
}

/** Deeper values are looked at for cycles, which end nowhere. */
const CYCLE_CHECK_DEPTH = 2

function withoutViews(value: object, depth: number, above?: Set<object>): unknown {
  const place = (value as { [PLACE]?: Place })[PLACE]
  if (place !== undefined) return readPlace(place)
  const parents = depth < CYCLE_CHECK_DEPTH ? undefined : (above ?? new Set())
  if (parents?.has(value)) return value
  parents?.add(value)
  const part = (inner: unknown): unknown =>
    typeof inner === 'object' && inner !== null ? withoutViews(inner, depth + 1, parents) : inner
  const owned = rebuilt(value, part)
  parents?.delete(value)
  return owned
}

/** `value` with each of its parts as `part` gives it: itself where they are the same. */
function rebuilt(value: object, part: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return rebuiltArray(value, part)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return rebuiltObject(value, part)
  if (value instanceof Set) {
    const items = [...value]
    const owned = rebuiltArray(items, part)
    return owned === items ? value : new Set(owned)
  }
  if (!(value instanceof Map)) return value
  const flat = [...value.entries()].flat()
  const owned = rebuiltArray(flat, part)
  if (owned === flat) return value
  return new Map([...value.keys()].map((_, i) => [owned[2 * i], owned[2 * i + 1]]))
}

function rebuiltArray(values: unknown[], part: (inner: unknown) => unknown): unknown[] {
  let copy: unknown[] | undefined
  for (let i = 0; i < values.length; i++) {
    const inner = values[i]
    const owned = part(inner)
    if (owned === inner) continue
    copy ??= values.slice()
    copy[i] = owned
  }
  return copy ?? values
}

function rebuiltObject(value: object, part: (inner: unknown) => unknown): object {
  let copy: Record<string, unknown> | undefined
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key]
    if (typeof inner !== 'object' || inner === null) continue
    const owned = part(inner)
    if (owned === inner) continue
    copy ??= { ...value }
    copy[key] = owned
  }
  return copy ?? value
}

function readPlace({ life, read, r, t }: Place): unknown {
  if (life?.ended) throw staleRecord()
  return read(r, t)
}

/** The call that got the view has ended. Pinned views stay valid. */
export function endView(view: unknown): void {
  const life = placeOf(view)?.life
  if (life !== undefined) life.ended = !life.pinned
}

/**
 * Lets a view outlive its call, for who cannot be given another value any more: an asynchronous
 * function that has begun with it.
 */
export function pinView(view: unknown): void {
  placeOf(view)?.pin()
}
