import { type Field, type InlineName, type Table, tablesOf, type WireType } from './table-layout.ts'

type LeafName = InlineName | 'string' | 'bytes'

/** The conditions under which a variable holds a value of a type, as source text. */
const CONDITIONS: Readonly<Record<LeafName, (x: string) => string>> = {
  bool: (x) => `typeof ${x} === 'boolean'`,
  int8: (x) => `typeof ${x} === 'number' && ${x} << 24 >> 24 === ${x}`,
  int16: (x) => `typeof ${x} === 'number' && ${x} << 16 >> 16 === ${x}`,
  int32: (x) => `typeof ${x} === 'number' && (${x} | 0) === ${x}`,
  uint8: (x) => `typeof ${x} === 'number' && (${x} & 0xff) === ${x}`,
  uint16: (x) => `typeof ${x} === 'number' && (${x} & 0xffff) === ${x}`,
  uint32: (x) => `typeof ${x} === 'number' && ${x} >>> 0 === ${x}`,
  int64: (x) => `Number.isSafeInteger(${x})`,
  bigint: (x) => `typeof ${x} === 'bigint' && BigInt.asIntN(64, ${x}) === ${x}`,
  ubigint: (x) => `typeof ${x} === 'bigint' && BigInt.asUintN(64, ${x}) === ${x}`,
  float32: (x) => `typeof ${x} === 'number'`,
  float64: (x) => `typeof ${x} === 'number'`,
  date: (x) => `${x} instanceof Date`,
  string: (x) => `typeof ${x} === 'string'`,
  bytes: (x) => `${x} instanceof Uint8Array`,
}

let compiled = 0

/**
 * A function that tells whether a value is a record of the table. It does not say why not: that is
 * `explainMismatch`, which no good record pays for.
 */
export function compileCheck(root: Table): (value: unknown) => boolean {
  const tables = tablesOf(root)
  const functions = tables.map((table, index) => checkFunction(table, index, tables))
  const source = `'use strict'\n${functions.join('\n')}\nreturn check0\n`
  return new Function(`${source}//# sourceURL=sage-check-${root.name}-${compiled++}.js`)()
}

/** Whether `value` is one of the type. */
export function matchesLeaf(type: LeafName, value: unknown): boolean {
  return new Function('x', `return ${CONDITIONS[type]('x')}`)(value)
}

function conditionOf(type: WireType, x: string, tables: readonly Table[]): string {
  if (type.kind === 'inline') return CONDITIONS[type.scalar](x)
  if (type.kind === 'table') return `check${tables.indexOf(type.table)}(${x})`
  return type.kind === 'list' ? `Array.isArray(${x})` : CONDITIONS[type.kind](x)
}

function checkFunction(table: Table, index: number, tables: readonly Table[]): string {
  const checks = table.fields.map((field) => {
    return checkField(field, table.wrapper ? 'v' : `v[${JSON.stringify(field.name)}]`, tables)
  })
  const isRecord = table.wrapper ? '' : recordCheck(checks.length)
  return `function check${index}(v) {\n${isRecord}${checks.join('')}return true\n}`
}

// Once every field is there, which its type tells, counting keys finds the unknown ones.
function recordCheck(fields: number): string {
  return `if (typeof v !== 'object' || v === null) return false
const prototype = Object.getPrototypeOf(v)
if (prototype !== Object.prototype && prototype !== null) return false
let keys = 0
for (const key in v) keys++
if (keys !== ${fields}) return false
`
}

function checkField(field: Field, value: string, tables: readonly Table[]): string {
  const { type, nullable } = field
  const condition = conditionOf(type, 'x', tables)
  const elements = type.kind === 'list' ? checkElements(type.element, tables) : ''
  const body = `if (!(${condition})) return false\n${elements}`
  return `{\nconst x = ${value}\n${nullable ? `if (x !== null) {\n${body}}\n` : body}}\n`
}

function checkElements(element: WireType, tables: readonly Table[]): string {
  return `for (let i = 0; i < x.length; i++) {
const e = x[i]
if (!(${conditionOf(element, 'e', tables)})) return false
}
`
}
