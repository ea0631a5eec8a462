import { cloneValue } from '../../codec/value.ts'
import { placeOf } from '../../codec/view.ts'

/**
 * Strict mode's answer to a fan-out inside a chain, where several consumers would see one object: plain objects and arrays are
 * frozen, deeply; records that hold what cannot be frozen (Map, Set, Date, buffers) are copied for each consumer.
 */
export function shareRecord(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return record
  // A view cannot be written to.
  if (placeOf(record) !== undefined) return record
  return isFreezable(record) ? freeze(record) : cloneValue(record)
}

/** A copy of a record that its maker still holds: frozen in place, it would surprise him. */
export function copyRecord(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return record
  if (Array.isArray(record)) return record.map(copyRecord)
  if (!isPlain(record)) return isFreezable(record) ? record : cloneValue(record)
  return Object.fromEntries(
    Object.entries(record).map(([field, value]) => [field, copyRecord(value)]),
  )
}

/** Whether freezing protects it. Instances of classes are left alone: no exchange carries them unless registered. */
function isFreezable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return true
  if (value instanceof Map || value instanceof Set || value instanceof Date) return false
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return false
  return !Array.isArray(value) && !isPlain(value) ? true : Object.values(value).every(isFreezable)
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (!Array.isArray(value) && !isPlain(value)) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
