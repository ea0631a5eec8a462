import { describe, StreamError } from '../../codec/errors.ts'
import type { WindowLogic } from './window-logic.ts'

/** What `collectWindow` collects into. */
export type CollectInto = 'array' | 'set' | 'map'

/** Collects the records of a window, in the order in which they go in. */
export function collectLogic(into: CollectInto): WindowLogic {
  return { array, set, map }[into]
}

const shared = {
  keepsRecords: true,
  functions: [],
  results: (value: unknown) => [value],
} as const

const array: WindowLogic = {
  ...shared,
  begin: (record) => [record],
  add(list: unknown[], record) {
    list.push(record)
    return list
  },
  merge(into: unknown[], from: unknown[]) {
    for (const record of from) into.push(record)
    return into
  },
}

const set: WindowLogic = {
  ...shared,
  begin: (record) => new Set([record]),
  add: (records: Set<unknown>, record) => records.add(record),
  merge(into: Set<unknown>, from: Set<unknown>) {
    for (const record of from) into.add(record)
    return into
  },
}

/** Of equal keys the later value counts; of merged sessions that of the later one. */
const map: WindowLogic = {
  ...shared,
  begin: (record) => new Map([pairOf(record)]),
  add: (entries: Map<unknown, unknown>, record) => entries.set(...pairOf(record)),
  merge(into: Map<unknown, unknown>, from: Map<unknown, unknown>) {
    for (const [key, value] of from) into.set(key, value)
    return into
  },
}

function pairOf(record: unknown): [unknown, unknown] {
  if (Array.isArray(record) && record.length === 2) return record as [unknown, unknown]
  throw new StreamError(
    'SAGE_USER_ERROR',
    `collectWindow into 'map': expected records [key, value], got ${describe(record)}`,
  )
}
