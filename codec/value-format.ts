/**
 * The encoding of values without a schema (`Frame.values`, `Frame.keys`, snapshots of state).
 *
 * A value is a tag byte and what the tag says. Everything is little endian and nothing is
 * aligned. `n` is a varuint: seven bits per byte, low bits first, the high bit says "more".
 *
 * ```text
 * 80-ff  the number tag - 80 (0 to 127)
 * 40-7f  a string of tag - 40 characters, one byte (Latin-1) each
 * 00 Null         01 Undefined      02 False       03 True
 * 04 Int8         i8
 * 05 Int16        i16
 * 06 Int32        i32
 * 07 Double       f64
 * 08 BigInt64     i64
 * 09 BigInt       u8 sign (1 = negative), n bytes, magnitude
 * 0a Latin1       n bytes
 * 0b Utf16        n code units; exact, lone surrogates too
 * 0c Array        n, that many values
 * 0d SparseArray  length as a number value, n, that many pairs: index as a number value, value
 * 0e ShapeDefine  n, that many keys (string values), then one value per key
 * 0f ShapeUse     n: the number of the shape, then one value per key
 * 10 Object       n, that many pairs: key (string value), value
 * 11 Map          n, that many pairs of values
 * 12 Set          n, that many values
 * 13 Date         f64 ms since the epoch, NaN = invalid
 * 14 RegExp       source and flags (string values), lastIndex (value)
 * 15 Error        seven values: class, name, message, stack, cause, errors, own properties
 *                 (see value-classes.ts); Absent where the error has none
 * 16 ArrayBuffer  n bytes
 * 17 View         u8 kind (VIEW_CLASSES), n bytes
 * 18 Registered   name (string value), what `encode` gave (value)
 * 19 Absent       no value: only inside Error
 * ```
 *
 * Shapes are numbered in the order in which they are defined, from 0, per frame: plain objects
 * with the same keys in the same order name their keys once.
 */
export const TAG = {
  Null: 0x00,
  Undefined: 0x01,
  False: 0x02,
  True: 0x03,
  Int8: 0x04,
  Int16: 0x05,
  Int32: 0x06,
  Double: 0x07,
  BigInt64: 0x08,
  BigInt: 0x09,
  Latin1: 0x0a,
  Utf16: 0x0b,
  Array: 0x0c,
  SparseArray: 0x0d,
  ShapeDefine: 0x0e,
  ShapeUse: 0x0f,
  Object: 0x10,
  Map: 0x11,
  Set: 0x12,
  Date: 0x13,
  RegExp: 0x14,
  Error: 0x15,
  ArrayBuffer: 0x16,
  View: 0x17,
  Registered: 0x18,
  Absent: 0x19,
  ShortString: 0x40,
  SmallInt: 0x80,
} as const

/** Characters of a string whose length fits into its tag. */
export const MAX_SHORT_STRING = 63

/**
 * How deep values may be nested. Reading and writing recurse, at up to some 500 bytes of stack a
 * level before they are optimized; the smallest stack a thread of this package has is 984 KiB.
 */
export const MAX_DEPTH = 1000

/** Objects with more keys are treated as dictionaries: they define no shape. */
export const MAX_SHAPE_KEYS = 64

/** The classes of views, in the order of their kinds. `Buffer` is a class of its own here. */
export const VIEW_CLASSES: readonly ViewClass[] = viewClasses()

/** A class of views on an `ArrayBuffer`, and how an instance is made of bytes that it then owns. */
export interface ViewClass {
  readonly name: string
  readonly prototype: object
  readonly elementBytes: number
  of(bytes: ArrayBuffer): ArrayBufferView
}

function viewClasses(): ViewClass[] {
  const classes = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((Class) => viewClass(Class, Class.BYTES_PER_ELEMENT))
  classes.push(viewClass(DataView, 1))
  classes.push({
    name: 'Buffer',
    prototype: Buffer.prototype,
    elementBytes: 1,
    of: (bytes) => Buffer.from(bytes),
  })
  // Node 22 has none.
  const Float16 = (globalThis as { Float16Array?: ViewConstructor }).Float16Array
  if (Float16 !== undefined) classes.push(viewClass(Float16, 2))
  return classes
}

interface ViewConstructor {
  readonly name: string
  readonly prototype: object
  new (bytes: ArrayBuffer): ArrayBufferView
}

function viewClass(Class: ViewConstructor, elementBytes: number): ViewClass {
  const { name, prototype } = Class
  return { name, prototype, elementBytes, of: (bytes) => new Class(bytes) }
}
