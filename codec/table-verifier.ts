import { corruptFrame, type FrameBounds } from './frame-bounds.ts'
import { type Field, inlineBytes, type Table, type WireType } from './table-layout.ts'

/**
 * Throws `SAGE_FRAME_CORRUPT` unless the table at `at`, and all that it refers to, can be read by
 * the table's compiled reader: in bounds, aligned, and laid out as `layOut` says.
 */
export function verifyTable(frame: FrameBounds, table: Table, at: number): void {
  const { name, bytes, fields, wide } = table
  frame.claim(at, bytes, 4, `a table ${name}`)
  if (wide && at % 8 !== 4) throw corruptFrame(`a table ${name} 4 behind a multiple of 8`, `${at}`)
  const vtable = at - frame.view.getInt32(at, true)
  if (frame.vtables.get(vtable) !== table) verifyVtable(frame, table, vtable)
  for (const field of fields) {
    const present = frame.view.getUint16(vtable + 4 + 2 * field.id, true) !== 0
    if (present) verifyAt(frame, field.type, at + field.offset, `${name}.${field.name}`)
  }
}

function verifyVtable(frame: FrameBounds, table: Table, at: number): void {
  const { name, fields, bytes, vtable } = table
  const expected = new DataView(vtable.buffer)
  const size = expected.getUint16(0, true)
  if (at < 0) throw corruptFrame(`a vtable of ${name}`, `one at ${at}`)
  frame.require(at, size, 2, `the vtable of ${name}`)
  const { view } = frame
  if (view.getUint16(at, true) !== size || view.getUint16(at + 2, true) !== bytes) {
    throw corruptFrame(`the vtable of ${name}`, `another at ${at}`)
  }
  const byId = new Map<number, Field>(fields.map((field) => [field.id, field]))
  for (let slot = 4; slot < size; slot += 2) {
    const offset = view.getUint16(at + slot, true)
    const wanted = expected.getUint16(slot, true)
    const absent = offset === 0 && byId.get((slot - 4) / 2)?.nullable === true
    if (offset !== wanted && !absent) {
      throw corruptFrame(`offset ${wanted} in the vtable of ${name}`, `${offset} at ${at + slot}`)
    }
  }
  frame.vtables.set(at, table)
}

function verifyAt(frame: FrameBounds, type: WireType, slot: number, what: string): void {
  if (type.kind === 'inline') {
    if (type.scalar === 'int64') verifyInt64(frame, slot, what)
    return
  }
  const at = frame.follow(slot, what)
  if (type.kind === 'table') verifyTable(frame, type.table, at)
  else if (type.kind === 'bytes') frame.vector(at, 1, what)
  else if (type.kind === 'string') verifyString(frame, at, what)
  else {
    const { element } = type
    const size = inlineBytes(element)
    const count = frame.vector(at, size, what)
    if (element.kind === 'inline' && element.scalar !== 'int64') return
    for (let i = 0; i < count; i++) verifyAt(frame, element, at + 4 + i * size, `${what}[${i}]`)
  }
}

// As numbers, larger ones would not be what the frame says.
function verifyInt64(frame: FrameBounds, at: number, what: string): void {
  const value = frame.view.getBigInt64(at, true)
  if (BigInt.asIntN(54, value) !== value || value === -(2n ** 53n)) {
    throw corruptFrame(`${what} within 2^53`, `${value}`)
  }
}

function verifyString(frame: FrameBounds, at: number, what: string): void {
  const end = at + 4 + frame.vector(at, 1, what)
  frame.require(end, 1, 1, `the end of ${what}`)
  if (frame.view.getUint8(end) !== 0) throw corruptFrame(`a zero behind ${what}`, `none at ${end}`)
}
