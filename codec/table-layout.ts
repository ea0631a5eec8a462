import type { ScalarName } from './schema-types.ts'

/** Types that lie in the table itself. `ubigint` is found in classes made by `flatc` only. */
export type InlineName = Exclude<ScalarName, 'string' | 'bytes'> | 'ubigint'

/** A type as the code generators see it: what FlatBuffers can hold. */
export type WireType =
  | { readonly kind: 'inline'; readonly scalar: InlineName }
  | { readonly kind: 'string' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'list'; readonly element: ElementType }

/** What vectors can hold: no vectors and no nulls, which stand in tables of their own there. */
export type ElementType = Extract<WireType, { kind: 'inline' | 'string' | 'table' }>

/** A field before it has its place. */
export interface FieldSpec {
  readonly name: string
  /** The field's number in the FlatBuffers sense. */
  readonly id: number
  readonly type: WireType
  readonly nullable: boolean
}

/** A field and where it lies, from the start of its table. */
export interface Field extends FieldSpec {
  readonly offset: number
}

/**
 * A table and its one layout: a field that is null is left out of the vtable, and its place in the
 * table stays empty. So there is one vtable per set of fields that are null, shared by all tables
 * of a frame.
 */
export interface Table {
  readonly name: string
  readonly fields: readonly Field[]
  /**
   * True for the element of a list that FlatBuffers cannot hold itself (a list, bytes, null): the
   * table's one field, `value`, is the element.
   */
  readonly wrapper: boolean
  /** Bytes of the table, a multiple of 4. */
  readonly bytes: number
  /** Whether fields of 8 bytes are in it: then it starts 4 behind a multiple of 8. */
  readonly wide: boolean
  /** The vtable while no field is null. */
  readonly vtable: Uint8Array
}

const SIZES: Readonly<Record<InlineName, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  bigint: 8,
  ubigint: 8,
  float64: 8,
  date: 8,
}

/** Bytes of a value of this type in a table or in a vector. */
export function inlineBytes(type: WireType): number {
  return type.kind === 'inline' ? SIZES[type.scalar] : 4
}

/** Gives every field its place: the widest first, so that no padding is needed between them. */
export function layOut(name: string, specs: readonly FieldSpec[], wrapper = false): Table {
  const bySize = [...specs].sort((a, b) => inlineBytes(b.type) - inlineBytes(a.type))
  const offsets = new Map<FieldSpec, number>()
  let end = 4
  for (const spec of bySize) {
    offsets.set(spec, end)
    end += inlineBytes(spec.type)
  }
  const fields = specs.map((spec) => ({ ...spec, offset: offsets.get(spec)! }))
  const bytes = (end + 3) & ~3
  const wide = specs.some((spec) => inlineBytes(spec.type) === 8)
  return { name, fields, wrapper, bytes, wide, vtable: makeVtable(fields, bytes) }
}

/** The vtable of a table of `bytes` that holds these of its fields; padded to a multiple of 4. */
export function makeVtable(fields: readonly Field[], bytes: number): Uint8Array {
  const slots = fields.reduce((most, { id }) => Math.max(most, id + 1), 0)
  const size = 4 + 2 * slots
  const vtable = new Uint8Array((size + 3) & ~3)
  const view = new DataView(vtable.buffer)
  view.setUint16(0, size, true)
  view.setUint16(2, bytes, true)
  for (const { id, offset } of fields) view.setUint16(4 + 2 * id, offset, true)
  return vtable
}

/** A table and all that it refers to, each once, itself first. */
export function tablesOf(root: Table): Table[] {
  const tables = new Set<Table>()
  const visit = (table: Table): void => {
    if (tables.has(table)) return
    tables.add(table)
    for (const { type } of table.fields) {
      if (type.kind === 'table') visit(type.table)
      if (type.kind === 'list' && type.element.kind === 'table') visit(type.element.table)
    }
  }
  visit(root)
  return [...tables]
}
