/**
 * Rows are made by generated code: an object literal with all its fields gives every row of a
 * source the same hidden class, which makes each read of a field downstream a plain load.
 */

/** What a decoded Parquet column holds, and how a row takes its value. */
export type ColumnKind =
  /** Values that cannot be changed, taken as they are. */
  | 'value'
  /** Milliseconds; each row gets its own `Date`. */
  | 'date'
  /** Binary; each row gets its own copy. */
  | 'bytes'
  /** Nested; each row gets its own copy. */
  | 'deep'

/** A column by name and kind. */
export interface RowColumn {
  readonly name: string
  readonly kind: ColumnKind
}

/** Makes the rows `[from, to)` out of columns. */
export type MakeRows = (columns: readonly ArrayLike<any>[], from: number, to: number) => any[]

/** Makes one row out of its fields. */
export type MakeRow = (fields: readonly string[]) => Record<string, string>

/** V8 shares feedback between functions of equal text; an id of their own keeps sources apart. */
let compiled = 0

/** Compiles the row maker of a set of columns; `copy` is called for values of kind `deep`. */
export function compileRows(
  columns: readonly RowColumn[],
  copy: (value: unknown) => unknown,
): MakeRows {
  const loads = columns.map((_, i) => `const c${i} = columns[${i}]`).join('\n')
  const fields = columns.map(({ name, kind }, i) => `${fieldName(name)}: ${take[kind](`c${i}[i]`)}`)
  const text = `return (columns, from, to) => {
${loads}
const rows = new Array(to - from)
for (let i = from; i < to; i++) rows[i - from] = { ${fields.join(', ')} }
return rows
}`
  return new Function('copy', text + sourceName())(copy)
}

/**
 * Compiles the row maker of rows whose fields are strings; `indexes` says where each name's field
 * stands.
 */
export function compileRow(names: readonly string[], indexes: readonly number[]): MakeRow {
  const fields = names.map((name, i) => `${fieldName(name)}: fields[${indexes[i]}]`)
  return new Function(`return (fields) => ({ ${fields.join(', ')} })${sourceName()}`)()
}

const take: Readonly<Record<ColumnKind, (cell: string) => string>> = {
  value: (cell) => cell,
  date: (cell) => `${cell} == null ? null : new Date(${cell})`,
  bytes: (cell) => `${cell} == null ? null : ${cell}.slice()`,
  deep: (cell) => `copy(${cell})`,
}

/** In a literal `__proto__: x` sets the prototype; computed, it is a field like any other. */
function fieldName(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}

function sourceName(): string {
  return `\n//# sourceURL=sage-stream-rows-${compiled++}.js`
}
