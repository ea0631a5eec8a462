import {
  type Field,
  type InlineName,
  inlineBytes,
  type Table,
  tablesOf,
  type WireType,
} from './table-layout.ts'
import type { TableViews } from './table-views.ts'

let compiled = 0

/** Code that reads the record at a position. */
export type TableReader = (views: TableViews, at: number) => unknown

/**
 * Code that reads one table and all that it refers to: object literals, so that all records of a
 * schema have one hidden class. Every field is where `layOut` put it; the vtable only tells which
 * of the nullable ones are there.
 */
export function compileTableReader(root: Table): TableReader {
  const source = `'use strict'\n${readFunctions(root)}\nreturn read0\n`
  return new Function(`${source}//# sourceURL=sage-reader-${root.name}-${compiled++}.js`)()
}

/** The text of `read0` for `root`, `read1` … for the tables that it refers to. */
export function readFunctions(root: Table): string {
  const tables = tablesOf(root)
  return tables.map((table, index) => readFunction(table, index, tables)).join('\n')
}

function readFunction(table: Table, index: number, tables: readonly Table[]): string {
  const { fields, wrapper } = table
  const lists = fields.map((field, i) => readListField(field, i, tables))
  const values = fields.map((field, i) => readField(field, i, tables))
  const members = values.map((value, i) => `[${JSON.stringify(fields[i].name)}]: ${value}`)
  const result = wrapper ? values[0] : `{ ${members.join(',\n')} }`
  const usesVtable = fields.some(({ nullable }) => nullable)
  const vtable = usesVtable ? 'const u16 = r.u16, vtable = t - r.i32[t >> 2]' : ''
  return `function read${index}(r, t) {
const u8 = r.u8, i32 = r.i32, f64 = r.f64
${vtable}
${lists.join('')}
return ${result}
}`
}

/** The expression that gives a field of the table at `t`. */
export function readField(field: Field, i: number, tables: readonly Table[]): string {
  if (field.type.kind === 'list') return `list${i}`
  const value = readAt(`t + ${field.offset}`, field.type, tables)
  return field.nullable ? `${absent(field)} ? null : ${value}` : value
}

function absent({ id }: Field): string {
  return `u16[(vtable + ${4 + 2 * id}) >> 1] === 0`
}

/** The statements in front of it, for a list. */
export function readListField(field: Field, i: number, tables: readonly Table[]): string {
  const { type, offset, nullable } = field
  if (type.kind !== 'list') return ''
  const { element } = type
  const at = `from + i * ${inlineBytes(element)}`
  const fill = `list${i} = []
const vector = t + ${offset} + i32[(t + ${offset}) >> 2], n = i32[vector >> 2], from = vector + 4
for (let i = 0; i < n; i++) list${i}.push(${readAt(at, element, tables)})`
  return `let list${i} = null\n${nullable ? `if (!(${absent(field)})) ` : ''}{ ${fill} }\n`
}

function readAt(at: string, type: WireType, tables: readonly Table[]): string {
  switch (type.kind) {
    case 'inline':
      return readInline(at, type.scalar)
    case 'table':
      return `read${tables.indexOf(type.table)}(r, ${at} + i32[(${at}) >> 2])`
    default:
      return type.kind === 'bytes' ? `r.bytes(${at})` : `r.string(${at})`
  }
}

function readInline(at: string, type: InlineName): string {
  switch (type) {
    case 'bool':
      return `u8[${at}] !== 0`
    case 'int8':
      return `r.i8[${at}]`
    case 'uint8':
      return `u8[${at}]`
    case 'int16':
      return `r.i16[(${at}) >> 1]`
    case 'uint16':
      return `r.u16[(${at}) >> 1]`
    case 'int32':
      return `i32[(${at}) >> 2]`
    case 'uint32':
      return `r.u32[(${at}) >> 2]`
    case 'float32':
      return `r.f32[(${at}) >> 2]`
    case 'float64':
      return `f64[(${at}) >> 3]`
    case 'date':
      return `new Date(f64[(${at}) >> 3])`
    case 'bigint':
      return `r.b64[(${at}) >> 3]`
    case 'ubigint':
      return `BigInt.asUintN(64, r.b64[(${at}) >> 3])`
    case 'int64':
      return `(i32[(${at} + 4) >> 2] * 4294967296 + r.u32[(${at}) >> 2])`
  }
}
