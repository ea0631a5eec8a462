import {
  type Field,
  type InlineName,
  inlineBytes,
  type Table,
  tablesOf,
  type WireType,
} from './table-layout.ts'
import type { TableMemory } from './table-memory.ts'

let compiled = 0

/** Nullable fields whose state fits into the bits of a small integer. */
const MAX_NULL_BITS = 30

/**
 * Code that lays down one table and all that it refers to, and gives where the table is. It is
 * given only what `compileCheck` has passed.
 *
 * What made it fast: all fields that lie in the table are stored before anything that may move the
 * memory, through local variables; one vtable per frame instead of one per record; and a source
 * URL of its own, without which V8 shares the feedback of identical functions.
 */
export function compileTableWriter(root: Table): (memory: TableMemory, value: unknown) => number {
  const tables = tablesOf(root)
  const functions = tables.map((table, index) => writeFunction(table, index, tables))
  const source = `'use strict'\n${functions.join('\n')}\nreturn write0\n`
  return new Function(`${source}//# sourceURL=sage-writer-${root.name}-${compiled++}.js`)()
}

function writeFunction(table: Table, index: number, tables: readonly Table[]): string {
  const { fields } = table
  const reads = fields.map(({ name }, i) => {
    return `const x${i} = ${table.wrapper ? 'v' : `v[${JSON.stringify(name)}]`}`
  })
  const align = table.wide ? 'w.i32[t >> 2] = 0\nt += 4 - (t & 4)' : ''
  const inline = fields.map((field, i) => storeInline(field, i))
  const far = fields.map((field, i) => storeFar(field, i, tables))
  return `function write${index}(w, v) {
${reads.join('\n')}
${findVtable(fields, index)}
w.reserve(${table.bytes + 8})
let t = w.position
${align}
const u8 = w.u8, i16 = w.i16, i32 = w.i32, f32 = w.f32, f64 = w.f64, b64 = w.b64
i32[t >> 2] = t - vtable
${clearPadding(table)}${inline.join('\n')}
w.position = t + ${table.bytes}
${far.join('\n')}
return t
}`
}

function findVtable(fields: readonly Field[], index: number): string {
  const nullables = fields.flatMap(({ nullable }, i) => (nullable ? [i] : []))
  if (nullables.length === 0) return `const vtable = w.vtables[${index}]`
  if (nullables.length > MAX_NULL_BITS) {
    const flags = nullables.map((i) => `(x${i} === null ? '1' : '0')`)
    return `const vtable = w.nullVtable(${index}, ${flags.join(' + ')})`
  }
  const bits = nullables.map((i, bit) => `(x${i} === null ? ${2 ** bit} : 0)`)
  return `const nulls = ${bits.join(' | ')}
const vtable = nulls === 0 ? w.vtables[${index}] : w.nullVtable(${index}, nulls)`
}

// The last word of a table may have bytes that belong to no field.
function clearPadding({ fields, bytes }: Table): string {
  const used = fields.reduce((sum, { type }) => sum + inlineBytes(type), 4)
  return used === bytes ? '' : `i32[(t + ${bytes - 4}) >> 2] = 0\n`
}

function storeInline(field: Field, i: number): string {
  const { type, offset, nullable } = field
  if (type.kind !== 'inline') return nullable ? `i32[(t + ${offset}) >> 2] = 0` : ''
  const zero = type.scalar.endsWith('bigint') ? '0n' : '0'
  const present = store(type.scalar, `t + ${offset}`, `x${i}`)
  const absent = store(type.scalar === 'date' ? 'float64' : type.scalar, `t + ${offset}`, zero)
  return nullable ? `if (x${i} !== null) { ${present} } else { ${absent} }` : present
}

/** The statement that stores `x` at `at`, which is aligned. */
function store(type: InlineName, at: string, x: string): string {
  switch (type) {
    case 'bool':
      return `u8[${at}] = ${x} ? 1 : 0`
    case 'int8':
    case 'uint8':
      return `u8[${at}] = ${x}`
    case 'int16':
    case 'uint16':
      return `i16[(${at}) >> 1] = ${x}`
    case 'int32':
    case 'uint32':
      return `i32[(${at}) >> 2] = ${x}`
    case 'float32':
      return `f32[(${at}) >> 2] = ${x}`
    case 'float64':
      return `f64[(${at}) >> 3] = ${x}`
    case 'date':
      return `f64[(${at}) >> 3] = ${x}.getTime()`
    case 'bigint':
    case 'ubigint':
      return `b64[(${at}) >> 3] = ${x}`
    case 'int64':
      // The low word wraps as it is stored.
      return `{ const high = Math.floor(${x} / 4294967296)
i32[(${at}) >> 2] = ${x} - high * 4294967296; i32[(${at} + 4) >> 2] = high }`
  }
}

function storeFar(field: Field, i: number, tables: readonly Table[]): string {
  if (field.type.kind === 'inline') return ''
  const statement = storeAt(`t + ${field.offset}`, field.type, `x${i}`, tables)
  return field.nullable ? `if (x${i} !== null) { ${statement} }` : statement
}

/** Writes `x` behind everything, and at `slot` the distance to it. */
function storeAt(slot: string, type: WireType, x: string, tables: readonly Table[]): string {
  if (type.kind === 'string') return `w.putString(${slot}, ${x})`
  if (type.kind === 'bytes') return `w.putBytes(${slot}, ${x})`
  if (type.kind === 'table') {
    const write = `const at = write${tables.indexOf(type.table)}(w, ${x})`
    return `{ ${write}; w.i32[(${slot}) >> 2] = at - (${slot}) }`
  }
  if (type.kind === 'inline') return ''
  const { element } = type
  const size = inlineBytes(element)
  const each =
    element.kind === 'inline'
      ? store(element.scalar, `from + i * ${size}`, `${x}[i]`)
      : storeAt('from + i * 4', element, `${x}[i]`, tables)
  return `{ const n = ${x}.length, from = w.openVector(${slot}, n, ${size})
w.closeVector(from + n * ${size})
const u8 = w.u8, i16 = w.i16, i32 = w.i32, f32 = w.f32, f64 = w.f64, b64 = w.b64
for (let i = 0; i < n; i++) { ${each} } }`
}
