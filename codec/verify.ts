import { describe } from './errors.ts'
import {
  FIELD,
  FRAGMENT_LENGTH,
  FRAGMENT_OFFSET,
  FRAGMENT_OVERHEAD_BYTES,
  FRAGMENT_TOTAL,
  FRAME_KIND,
  fragmentHeader,
  frameHeader,
  frameKind,
  HEADER_BYTES,
  type OptionalField,
  WATERMARK_FRAME_BYTES,
  watermarkFrame,
} from './frame.ts'
import { corruptFrame, FrameBounds } from './frame-bounds.ts'
import { type FrameOptions, newBatch, type RecordBatch, type RecordCodec } from './record-codec.ts'
import { tableOfCodec } from './schema-codec.ts'
import { tableOf } from './schema-table.ts'
import type { SchemaLike } from './schema-types.ts'
import type { Table } from './table-layout.ts'
import { verifyTable } from './table-verifier.ts'
import { ValueVerifier } from './value-verifier.ts'

/**
 * Checks bytes from outside before the readers of this package, which believe them, see them: that
 * they are one frame of this package's layout (frame.ts), in which nothing leads out of the bytes,
 * is misaligned, stands for more than its bytes can hold, or nests too deep.
 *
 * @param schema that of the records; none for a stream without schema
 * @throws StreamError `SAGE_FRAME_CORRUPT`
 */
export function verifyFrame(bytes: Uint8Array, schema?: SchemaLike): void {
  verify(bytes, schema === undefined ? null : tableOf(schema))
}

/**
 * Decodes a `Data` frame from outside: `verifyFrame`, then read.
 *
 * @throws StreamError `SAGE_FRAME_CORRUPT`
 */
export function decodeFrame(
  bytes: Uint8Array,
  codec: RecordCodec,
  options: FrameOptions,
): RecordBatch {
  // On memory of our own nobody changes what has been checked; and a copy is aligned.
  const own = new Uint8Array(bytes)
  verify(own, tableOfCodec(codec))
  const kind = frameKind(own, 0)
  if (kind !== FRAME_KIND.Data) throw corruptFrame('a Data frame', `one of kind ${kind}`)
  const view = new DataView(own.buffer)
  for (const [wanted, column] of [
    [options.keyed, 'keys'],
    [options.timestamped, 'timestamps'],
    [options.timestamped, 'watermarks'],
  ] as const) {
    if (wanted && view.getUint32(FIELD[column], true) === 0) throw corruptFrame(column, 'none')
  }
  const batch = newBatch()
  try {
    codec.createReader(options).read(own, 0, own.length, batch)
  } catch (cause) {
    // Only `decode` of a registered type, or the lack of one, is left to fail.
    throw corruptFrame('values that can be decoded', String(cause), cause)
  }
  return batch
}

function verify(bytes: Uint8Array, table: Table | null): void {
  if (!(bytes instanceof Uint8Array)) throw corruptFrame('bytes', describe(bytes))
  const frame = new FrameBounds(bytes)
  frame.require(0, HEADER_BYTES, 1, 'the header')
  const kind = frameKind(bytes, 0)
  if (kind === FRAME_KIND.Data) verifyData(frame, bytes, table)
  else if (kind === FRAME_KIND.Fragment) verifyFragment(frame, bytes)
  else if (kind === FRAME_KIND.Watermark) verifyWatermark(frame)
  else if (kind === FRAME_KIND.Barrier) verifyHeader(frame, frameHeader(kind, []), [FIELD.count])
  else if (kind === FRAME_KIND.Stop || kind === FRAME_KIND.Idle)
    verifyHeader(frame, frameHeader(kind, []))
  else throw corruptFrame('a known kind of frame', `${kind}`)
}

/** Throws unless the frame starts with `expected`, where that is not 0 in one of the `fields`. */
function verifyHeader(
  frame: FrameBounds,
  expected: Uint8Array,
  fields: readonly number[] = [],
): void {
  frame.claim(0, expected.length, 1, 'the header')
  for (let at = 0; at < expected.length; at++) {
    if (fields.includes(at & ~3)) continue
    const byte = frame.view.getUint8(at)
    if (byte !== expected[at]) throw corruptFrame(`byte ${expected[at]} at ${at}`, `${byte}`)
  }
}

function verifyData(frame: FrameBounds, bytes: Uint8Array, table: Table | null): void {
  const { view } = frame
  const column = table === null ? 'values' : 'records'
  const present: OptionalField[] = [column]
  for (const name of ['keys', 'timestamps', 'watermarks', 'asks'] as const) {
    if (view.getUint32(FIELD[name], true) !== 0) present.push(name)
  }
  const fields = [FIELD.count, ...present.map((name) => FIELD[name])]
  verifyHeader(frame, frameHeader(FRAME_KIND.Data, present), fields)
  const count = view.getUint32(FIELD.count, true)
  if (table === null) verifyValues(frame, bytes, 'values', count)
  else verifyRecords(frame, table, count)
  if (present.includes('keys')) verifyValues(frame, bytes, 'keys', count)
  for (const [name, wanted] of [
    ['timestamps', count],
    ['watermarks', count + 1],
    ['asks', count],
  ] as const) {
    if (!present.includes(name)) continue
    const found = frame.vector(frame.follow(FIELD[name], name), 8, name)
    if (found !== wanted) throw corruptFrame(`${wanted} ${name}`, `${found}`)
  }
}

function verifyWatermark(frame: FrameBounds): void {
  frame.require(0, WATERMARK_FRAME_BYTES, 1, 'a watermark')
  const expected = watermarkFrame(0).subarray(0, WATERMARK_FRAME_BYTES - 8)
  verifyHeader(frame, expected)
}

function verifyRecords(frame: FrameBounds, table: Table, count: number): void {
  const vector = frame.follow(FIELD.records, 'records')
  const records = frame.vector(vector, 4, 'records')
  if (records !== count) throw corruptFrame(`${count} records`, `${records}`)
  for (let i = 0; i < count; i++) {
    verifyTable(frame, table, frame.follow(vector + 4 + 4 * i, `record ${i}`))
  }
}

function verifyValues(
  frame: FrameBounds,
  bytes: Uint8Array,
  column: 'values' | 'keys',
  count: number,
): void {
  const vector = frame.follow(FIELD[column], column)
  const end = vector + 4 + frame.vector(vector, 1, column)
  const verifier = new ValueVerifier(bytes, vector + 4, end)
  for (let i = 0; i < count; i++) {
    if (column === 'values') verifier.verifyValue()
    else verifier.verifyKey()
  }
  const rest = end - verifier.position
  if (rest !== 0) throw corruptFrame(`${count} ${column}`, `${rest} bytes more`)
}

function verifyFragment(frame: FrameBounds, bytes: Uint8Array): void {
  frame.require(0, FRAGMENT_OVERHEAD_BYTES, 1, 'a fragment')
  const fields = [FRAGMENT_TOTAL, FRAGMENT_OFFSET, FRAGMENT_LENGTH]
  verifyHeader(frame, fragmentHeader(), fields)
  const [total, offset, length] = fields.map((at) => frame.view.getUint32(at, true))
  if (length > bytes.length - FRAGMENT_OVERHEAD_BYTES || length > total - offset) {
    throw corruptFrame(`a piece of ${total} bytes`, `${length} from ${offset}`)
  }
}
