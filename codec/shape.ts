import { MAX_SHAPE_KEYS } from './value-format.ts'
import type { FieldNames, ValueSink, ValueSource } from './value-io.ts'

/** Uses after which a shape gets code of its own; compiling costs as much as some 100 objects. */
const COMPILE_AFTER = 8

/** Shapes known at a time; beyond that, all are forgotten and those in use learned again. */
export const MAX_SHAPES = 512

/** A list of keys in their order, as plain objects of one make have it. */
export interface Shape extends FieldNames {
  /** The shape of the plain object that was written after the last one of this shape: a guess. */
  next: Shape
  writeFields(writer: ValueSink, object: Readonly<Record<string, unknown>>): void
  readObject(reader: ValueSource): object
}

interface TrieNode {
  shape: Shape | null
  next: Map<string, TrieNode> | null
}

let root: TrieNode = { shape: null, next: null }
let known = 0
let compiled = 0

/** The shape with these keys, or null where there are too many to be worth one. */
export function shapeOf(keys: readonly string[]): Shape | null {
  if (keys.length > MAX_SHAPE_KEYS) return null
  let node = root
  for (const key of keys) {
    node.next ??= new Map()
    let next = node.next.get(key)
    if (next === undefined) {
      next = { shape: null, next: null }
      node.next.set(key, next)
    }
    node = next
  }
  if (node.shape !== null) return node.shape
  const shape = newShape([...keys])
  node.shape = shape
  if (++known === MAX_SHAPES) {
    root = { shape: null, next: null }
    known = 0
  }
  return shape
}

/** Whether the own enumerable keys of a plain object are those of the shape, in its order. */
export function hasShape(object: object, shape: Shape): boolean {
  const keys = shape.keys
  let index = 0
  for (const key in object) if (key !== keys[index++]) return false
  return index === keys.length
}

function newShape(keys: readonly string[]): Shape {
  let writes = 0
  let reads = 0
  const shape: Shape = {
    id: known,
    keys,
    next: null as unknown as Shape,
    writeFields(writer, object) {
      if (++writes === COMPILE_AFTER) shape.writeFields = compileWriter(shape)
      for (const key of keys) writer.put(object[key])
    },
    readObject(reader) {
      if (++reads === COMPILE_AFTER) shape.readObject = compileReader(shape)
      const object = {}
      for (const key of keys) setOwn(object, key, reader.read())
      return object
    },
  }
  shape.next = shape
  return shape
}

/** `object[key] = value` that also gives an own property for the key `__proto__`. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key !== '__proto__') (object as Record<string, unknown>)[key] = value
  else {
    const property = { value, writable: true, enumerable: true, configurable: true }
    Object.defineProperty(object, key, property)
  }
}

// Code per shape: each site sees one hidden class, and what is read has one hidden class too. The
// source URLs differ, since V8 would share the feedback of identical text.

function compileWriter(shape: Shape): Shape['writeFields'] {
  const puts = shape.keys.map((key) => `writer.put(object[${JSON.stringify(key)}])`)
  const source = `${puts.join('\n')}\n//# sourceURL=sage-shape-writer-${compiled++}.js`
  return new Function('writer', 'object', source) as Shape['writeFields']
}

function compileReader(shape: Shape): Shape['readObject'] {
  // A computed key, since `__proto__: v` would set the prototype.
  const fields = shape.keys.map((key) => `[${JSON.stringify(key)}]: reader.read()`)
  const literal = `return { ${fields.join(', ')} }`
  const source = `${literal}\n//# sourceURL=sage-shape-reader-${compiled++}.js`
  return new Function('reader', source) as Shape['readObject']
}
