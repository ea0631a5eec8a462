import { readField, readFunctions, readListField, type TableReader } from './schema-reader.ts'
import { type Field, type Table, tablesOf } from './table-layout.ts'
import type { TableViews } from './table-views.ts'
import { type Life, PLACE, type Place, staleRecord } from './view.ts'

/** What all views on records of one table share: one hidden class, and accessors compiled once. */
interface ViewClass {
  readonly read: TableReader
  readonly accessors: PropertyDescriptorMap
  /** A constructor of its own gives the views a hidden class of their own. */
  readonly Root: new () => object
}

let compiled = 0
const unchecked = new WeakMap<Table, ViewClass>()
const checked = new WeakMap<Table, ViewClass>()

/**
 * A new view on a record of `table`, in memory to be set before it is read. With a `life`, each
 * reading checks that it has not ended.
 */
export function newView(table: Table, memory: TableViews, life?: Life): Place {
  const classes = life === undefined ? unchecked : checked
  let own = classes.get(table)
  if (own === undefined) {
    own = compileView(table, life !== undefined)
    classes.set(table, own)
  }
  const { read, accessors, Root } = own
  const view = new Root()
  const place: Place = { view, table, read, r: memory, t: 0, nested: [], life, pin: () => {} }
  Object.defineProperties(view, accessors)
  Object.defineProperty(view, PLACE, { value: place })
  return place
}

// Getters read through `this`, so that all views of a table have the same ones: V8 then gives them
// one hidden class, however many readers there are. With getters of its own every view after the
// first would become a dictionary.
function compileView(table: Table, checks: boolean): ViewClass {
  const tables = tablesOf(table)
  const getters = table.fields.map((field, i) => getter(field, i, tables, checks))
  const source = `'use strict'
${readFunctions(table)}
function Root() {}
return { read: read0, Root, getters: [${getters.join(',\n')}] }
//# sourceURL=sage-view-${table.name}-${compiled++}.js`
  const make = new Function('PLACE', 'stale', 'nested', 'tables', source)
  const {
    read,
    Root,
    getters: made,
  } = make(PLACE, staleRecord, nestedPlace, tables) as CompiledView
  Root.prototype = Object.prototype
  const accessors: PropertyDescriptorMap = Object.create(null)
  table.fields.forEach(({ name }, i) => {
    accessors[name] = { get: made[i], enumerable: true, configurable: true }
  })
  return { read, accessors, Root: Root as unknown as ViewClass['Root'] }
}

interface CompiledView {
  readonly read: TableReader
  readonly Root: { prototype: object }
  readonly getters: readonly (() => unknown)[]
}

function getter(field: Field, i: number, tables: readonly Table[], checks: boolean): string {
  const body =
    field.type.kind === 'table' ? nestedBody(field, i, tables) : valueBody(field, i, tables)
  const units = ['u8', 'i32', 'f64'].filter((name) =>
    new RegExp(`(?<![.\\w])${name}\\b`).test(body),
  )
  return `function () {
const p = this[PLACE]
${checks ? 'if (p.life.ended) throw stale()' : ''}
const r = p.r, t = p.t${units.map((name) => `, ${name} = r.${name}`).join('')}
${body}
}`
}

const vtable = 'const u16 = r.u16, vtable = t - r.i32[t >> 2]\n'

function valueBody(field: Field, i: number, tables: readonly Table[]): string {
  const list = readListField(field, i, tables)
  return `${field.nullable ? vtable : ''}${list}return ${readField(field, i, tables)}`
}

function nestedBody(field: Field, i: number, tables: readonly Table[]): string {
  const { type, id, offset, nullable } = field
  if (type.kind !== 'table') return ''
  const absent = `if (u16[(vtable + ${4 + 2 * id}) >> 1] === 0) return null\n`
  return `${nullable ? vtable + absent : ''}const n = p.nested[${i}] ?? nested(p, ${i}, tables[${tables.indexOf(type.table)}])
n.r = r
n.t = t + ${offset} + i32[(t + ${offset}) >> 2]
return n.view`
}

/** The place of a nested record, made when it is first asked for. */
function nestedPlace(parent: Place, field: number, table: Table): Place {
  const place = newView(table, parent.r, parent.life)
  place.pin = () => parent.pin()
  parent.nested[field] = place
  return place
}
