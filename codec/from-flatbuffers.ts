import { describe, StreamError } from './errors.ts'
import { type Probe, ProbeBuffer } from './probe.ts'
import { type Schema, schemaOfTable } from './schema.ts'
import {
  type ElementType,
  type FieldSpec,
  layOut,
  type Table,
  type WireType,
} from './table-layout.ts'

/** A class for a table, as `flatc --ts` makes it, with the object API or without. */
export interface FlatBuffersClass<T> {
  readonly name: string
  new (): T
}

type Accessor = (...args: any) => unknown

/** The accessors of fields: not what the class has beside them. */
type FieldNames<T> = {
  [K in keyof T]: K extends string
    ? T[K] extends Accessor
      ? K extends '__init' | 'unpack' | 'unpackTo' | `mutate_${string}`
        ? never
        : K extends `${infer Base}Length` | `${infer Base}Array`
          ? Base extends keyof T
            ? never
            : K
          : K
      : never
    : never
}[keyof T]

type Plain<V> = V extends null
  ? null
  : V extends Uint8Array
    ? never
    : V extends { __init: Accessor }
      ? FlatBuffersRecord<V>
      : V

type ReturnOf<F> = F extends (...args: any) => infer R ? R : never

type FieldValue<T, K extends keyof T & string> = `${K}Length` extends keyof T
  ? `${K}Array` extends keyof T
    ? Uint8Array | null extends ReturnOf<T[`${K}Array`]>
      ? Uint8Array
      : Exclude<Plain<ReturnOf<T[K]>>, null>[]
    : Exclude<Plain<ReturnOf<T[K]>>, null>[]
  : Plain<ReturnOf<T[K]>>

/** The records of a class made by `flatc --ts`: see `fromFlatBuffers`. */
export type FlatBuffersRecord<T> = { [K in FieldNames<T> & keyof T & string]: FieldValue<T, K> }

/**
 * The schema of a table for which `flatc --ts` made a class: `fromFlatBuffers(Order)`.
 *
 * Records are plain objects with the class's accessors as fields, in the order of the `.fbs` file:
 * what `unpack()` of the object API gives, but plain. Strings, tables and optional scalars
 * (`= null`) may be `null`; those that are `(required)` may not; enums are numbers, 64-bit integers bigints,
 * `[ubyte]` a `Uint8Array`, other vectors arrays. The tables lie in the frames at the places that
 * the `.fbs` file gives them, so that the class reads them.
 *
 * @param name the schema's name; the class's by default
 * @throws StreamError `SAGE_OPTION` for something else than such a class, and for tables with
 *   structs or unions
 */
export function fromFlatBuffers<T>(
  Table: FlatBuffersClass<T>,
  name: string = Table?.name,
): Schema<FlatBuffersRecord<T>> {
  const prototype: unknown = typeof Table === 'function' ? Table.prototype : null
  if (typeof prototype !== 'object' || prototype === null || !('__init' in prototype)) {
    const expected = 'a class of a table that flatc --ts made (Order, not OrderT)'
    throw option(`expected ${expected}, got ${describe(Table)}`)
  }
  const table = tableOfClass(Table as unknown as TableClass, name, new Map())
  return schemaOfTable<FlatBuffersRecord<T>>(name, Object.freeze({}), table)
}

interface TableClass extends Readonly<Record<string, unknown>> {
  new (): Record<string, Accessor>
  readonly name: string
}

function tableOfClass(Class: TableClass, name: string, above: Map<TableClass, string>): Table {
  if (above.has(Class)) throw option(`${Class.name} contains itself: such trees have no schema`)
  above.set(Class, name)
  const required = requiredSlots(Class)
  const specs: FieldSpec[] = []
  for (const field of fieldNames(Class)) {
    const path = `${Class.name}.${field}`
    const { seen, result } = probe(Class, field, true)
    const type = wireType(Class, field, seen, result, above)
    const isOptional =
      type.kind === 'inline'
        ? probe(Class, field, false).result === null
        : (type.kind === 'string' || type.kind === 'table') && !required.has(seen.vtableSlot)
    if (seen.vtableSlot === 0)
      throw option(`${path} is no field of a table: structs have no schema`)
    specs.push({ name: field, id: (seen.vtableSlot - 4) / 2, type, nullable: isOptional })
  }
  above.delete(Class)
  specs.sort((a, b) => a.id - b.id)
  return layOut(name, specs)
}

/** The accessors of a class's fields. */
function fieldNames(Class: TableClass): string[] {
  const names = new Set(Object.getOwnPropertyNames(Class.prototype))
  return [...names].filter((name) => {
    if (['constructor', '__init', 'unpack', 'unpackTo'].includes(name)) return false
    if (name.startsWith('mutate_')) return false
    const base = /^(.+)(?:Length|Array)$/.exec(name)?.[1]
    return base === undefined || !names.has(base)
  })
}

function probe(
  Class: TableClass,
  field: string,
  present: boolean,
): { seen: Probe; result: unknown } {
  const buffer = new ProbeBuffer(present)
  const instance = new Class()
  Object.assign(instance, { bb: buffer, bb_pos: 0 })
  const result = instance[field](0)
  return { seen: buffer.seen, result }
}

function wireType(
  Class: TableClass,
  field: string,
  seen: Probe,
  result: unknown,
  above: Map<TableClass, string>,
): WireType {
  const path = `${Class.name}.${field}`
  if (seen.union) throw option(`${path} is a union: give it a schema() instead`)
  let element: ElementType
  if (seen.string) element = { kind: 'string' }
  else if (typeof result === 'object' && result !== null) {
    if (!seen.table) throw option(`${path} is a struct: give it a schema() instead`)
    const Nested = result.constructor as TableClass
    element = { kind: 'table', table: tableOfClass(Nested, Nested.name, above) }
  } else if (seen.scalar !== null) {
    element = { kind: 'inline', scalar: typeof result === 'boolean' ? 'bool' : seen.scalar }
  } else throw option(`${path} reads nothing that is known here`)
  if (!seen.vector) return element
  const isBytes = element.kind === 'inline' && element.scalar === 'uint8'
  return isBytes ? { kind: 'bytes' } : { kind: 'list', element }
}

/** The places in the vtable of the fields that are `(required)`: the class's `end…` checks them. */
function requiredSlots(Class: TableClass): Set<number> {
  const slots = new Set<number>()
  const end = Class[`end${Class.name}`]
  const builder = {
    endObject: () => 0,
    requiredField: (_table: number, slot: number) => slots.add(slot),
  }
  if (typeof end === 'function') end.call(Class, builder)
  return slots
}

function option(message: string): StreamError {
  return new StreamError('SAGE_OPTION', `fromFlatBuffers: ${message}`)
}
