import { deepStrictEqual } from 'node:assert'
import { types } from 'node:util'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StreamError } from './errors.ts'
import { registerType } from './register-type.ts'
import { assertEncodable, cloneValue, ValueReader, ValueWriter } from './value.ts'

const text = fc.string({ unit: 'binary' })
const views = fc.oneof(
  fc.int8Array(),
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
)

const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      text,
      fc.string({ maxLength: 100 }),
      fc.integer(),
      fc.integer({ min: -200, max: 200 }),
      fc.double(),
      fc.bigInt(),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
      fc.constantFrom<unknown>(true, false, null, undefined, -0, 2 ** 31, -(2 ** 31) - 1),
      fc.date({ noInvalidDate: false }),
      views,
    ),
    fc.array(tie('value')),
    fc.sparseArray(tie('value')),
    fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', '0', 'a', 'b')), tie('value'), {
      noNullPrototype: true,
    }),
    fc.record({ a: tie('value'), b: tie('value'), c: tie('value') }, { noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((elements) => new Set(elements)),
  ),
}))

test('any nested data comes back as it was', () => {
  fc.assert(
    fc.property(values, (value) => {
      // Not `toStrictEqual`, which stumbles over keys that are called `constructor`.
      deepStrictEqual(cloneValue(value), value)
    }),
    { numRuns: 1000 },
  )
})

test('values written one after the other are read so, also after a truncation', () => {
  const writer = new ValueWriter()
  const reader = new ValueReader()
  fc.assert(
    fc.property(fc.array(fc.tuple(values, fc.boolean())), (script) => {
      writer.truncate(0)
      const kept: unknown[] = []
      for (const [value, keep] of script) {
        const before = writer.length
        writer.write(value)
        if (keep) kept.push(value)
        else writer.truncate(before)
      }
      const bytes = writer.bytes()
      reader.reset(bytes, 0, bytes.length)
      const read: unknown[] = []
      while (reader.more) read.push(reader.read())
      deepStrictEqual(read, kept)
    }),
    { numRuns: 300 },
  )
})

test('what equality does not see is kept too', () => {
  const copy = cloneValue({
    minusZero: -0,
    lone: '\ud800x\udc00',
    absent: undefined,
    holes: Object.assign(Array(3), { 0: 1, 2: undefined }),
    ['__proto__']: { x: 1 },
    trailing: Object.assign([1], { length: 3 }),
  })
  expect(Object.is(copy.minusZero, -0)).toBe(true)
  expect(copy.lone).toBe('\ud800x\udc00')
  expect(Object.keys(copy)).toStrictEqual([
    'minusZero',
    'lone',
    'absent',
    'holes',
    '__proto__',
    'trailing',
  ])
  expect([0 in copy.holes, 1 in copy.holes, 2 in copy.holes]).toStrictEqual([true, false, true])
  expect(copy.trailing.length).toBe(3)
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
})

test.each([0, 1, 63, 64, 127, 128, 200, 70_000])('strings of %i characters', (length) => {
  for (const unit of ['a', 'é', '日', '\ud800']) {
    const whole = unit.repeat(length)
    expect(cloneValue([whole, `${whole}日`, `é${whole}`])).toStrictEqual([
      whole,
      `${whole}日`,
      `é${whole}`,
    ])
  }
})

test('a very large sparse array costs what is in it', () => {
  const array: number[] = []
  array[4_000_000_000] = 1
  const copy = cloneValue(array)
  expect([copy.length, copy[4_000_000_000], Object.keys(copy).length]).toStrictEqual([
    4_000_000_001, 1, 1,
  ])
})

test('a Buffer arrives as Buffer, a null-prototype object as a plain one', () => {
  expect(Buffer.isBuffer(cloneValue(Buffer.from('x')))).toBe(true)
  expect(Buffer.isBuffer(cloneValue(Uint8Array.of(1)))).toBe(false)
  const bare = Object.assign(Object.create(null), { a: 1 })
  expect(Object.getPrototypeOf(cloneValue(bare))).toBe(Object.prototype)
  expect(cloneValue(bare)).toStrictEqual({ a: 1 })
})

test('views own their bytes and have only theirs', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const copy = cloneValue(bytes.subarray(2, 4))
  expect([copy.byteOffset, copy.buffer.byteLength, [...copy]]).toStrictEqual([0, 2, [3, 4]])
  const shared = new Uint8Array(new SharedArrayBuffer(2))
  expect(cloneValue(shared).buffer).toBeInstanceOf(ArrayBuffer)
})

test('a RegExp keeps its lastIndex', () => {
  const pattern = /a\/(?<n>b)/dgi
  pattern.lastIndex = 7
  const copy = cloneValue(pattern)
  expect([copy.source, copy.flags, copy.lastIndex]).toStrictEqual([pattern.source, 'dgi', 7])
  expect(types.isRegExp(copy)).toBe(true)
})

test('errors keep class, name, message, stack, cause and own properties', () => {
  const error = Object.assign(new TypeError('bad', { cause: new RangeError('worse') }), {
    code: 'E_X',
    detail: { list: [1] },
  })
  const copy = cloneValue(error)
  expect(copy).toBeInstanceOf(TypeError)
  expect(copy).toStrictEqual(error)
  expect([copy.stack, copy.code, copy.detail]).toStrictEqual([error.stack, 'E_X', { list: [1] }])
  expect(copy.cause).toBeInstanceOf(RangeError)
  expect(Object.keys(copy)).toStrictEqual(['code', 'detail'])
})

test('an error of a subclass comes back as its nearest built-in class, with its name', () => {
  class PriceError extends RangeError {
    override name = 'PriceError'
  }
  const copy = cloneValue(new PriceError('no'))
  expect([copy.constructor, copy.name, copy.message]).toStrictEqual([
    RangeError,
    'PriceError',
    'no',
  ])
  const all = cloneValue(new AggregateError([new Error('a'), 1], 'both'))
  expect(all).toBeInstanceOf(AggregateError)
  expect([all.errors[0].message, all.errors[1], all.message]).toStrictEqual(['a', 1, 'both'])
  const bare = cloneValue(new Error())
  expect([Object.hasOwn(bare, 'message'), Object.hasOwn(bare, 'cause')]).toStrictEqual([
    false,
    false,
  ])
})

test('a StreamError comes back as one', () => {
  const error = new StreamError('SAGE_KEY', 'no key', { operator: 'map', cause: [1] }).at('map', 1)
  const copy = cloneValue(error)
  expect(copy).toBeInstanceOf(StreamError)
  expect({ ...copy, stack: copy.stack }).toStrictEqual({ ...error, stack: error.stack })
  expect(copy.cause).toStrictEqual([1])
})

test('objects of another realm count as what they are', () => {
  const foreign = runInNewContext(
    '({ a: [1, { b: new Date(5) }], m: new Map([[1, new Set([2])]]), r: /x/g, e: new TypeError("t"), u: new Uint8Array([1]) })',
  )
  const copy = cloneValue(foreign)
  expect(copy.a).toStrictEqual([1, { b: new Date(5) }])
  expect(copy.m).toStrictEqual(new Map([[1, new Set([2])]]))
  expect([copy.r, copy.u]).toStrictEqual([/x/g, Uint8Array.of(1)])
  expect(copy.e).toBeInstanceOf(TypeError)
})

class Point {
  x: number
  constructor(x: number) {
    this.x = x
  }
}
class Line {}

test.each<[string, unknown]>([
  ['function f at record', function f() {}],
  ['a symbol, Symbol(s), at record.a[2].b', { a: [1, 2, { b: Symbol('s') }] }],
  [
    'an instance of Line (registerType in the job module could make it data) at record["a b"]',
    { 'a b': new Line() },
  ],
  [
    'an instance of Promise (registerType in the job module could make it data) at record',
    Promise.resolve(),
  ],
  [
    'an instance of WeakMap (registerType in the job module could make it data) at record.get("k")',
    new Map([['k', new WeakMap()]]),
  ],
  ['function g at record.keys()', new Map([[function g() {}, 1]])],
  ['function h at record.values()', new Set([function h() {}])],
  ['function i at record.cause', new Error('e', { cause: function i() {} })],
  [
    'an instance of SharedArrayBuffer (registerType in the job module could make it data) at record',
    new SharedArrayBuffer(1),
  ],
  [
    'an instance of List (registerType in the job module could make it data) at record',
    new (class List extends Array {})(),
  ],
  [
    'an instance of Number (registerType in the job module could make it data) at record',
    Object(1),
  ],
])('refused: %s', (message, value) => {
  const error = new StreamError('SAGE_CODEC_UNSUPPORTED', `expected data, got ${message}`)
  expect(() => assertEncodable(value)).toThrow(error)
  expect(() => assertEncodable(value)).toThrow(expect.objectContaining({ code: error.code }))
})

test('a cycle is refused wherever it begins, without writing its content again and again', () => {
  const inner: Record<string, unknown> = { big: 'x'.repeat(1_000_000) }
  inner.list = [1, { back: inner }]
  expect(() => assertEncodable({ inner })).toThrow(
    'expected data, got a cycle back to record.inner at record.inner.list[1].back',
  )
  const writer = new ValueWriter()
  expect(() => writer.write(inner)).toThrow(StreamError)
  expect(writer.bytes().length).toBe(0)
  expect(writer.memory.length).toBeLessThan(64_000_000)
  const map = new Map<string, unknown>()
  map.set('self', map)
  expect(() => assertEncodable(map)).toThrow('a cycle back to record at record.get("self")')
})

test('nesting has a limit, and an error beyond it', () => {
  const nest = (levels: number): unknown => {
    let value: unknown = 1
    for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { value }
    return value
  }
  expect(cloneValue(nest(1000))).toStrictEqual(nest(1000))
  for (const levels of [1001, 100_000]) {
    expect(() => assertEncodable(nest(levels))).toThrow('values nested deeper than 1000 at record')
  }
  const shared = { leaf: 1 }
  expect(cloneValue([shared, shared])).toStrictEqual([{ leaf: 1 }, { leaf: 1 }])
})

test('a failed write leaves the writer as it was', () => {
  const writer = new ValueWriter()
  writer.write({ a: 1 })
  const before = Buffer.from(writer.bytes())
  expect(() => writer.write([{ a: 1, b: 2 }, { c: Symbol('s') }])).toThrow(StreamError)
  expect(Buffer.from(writer.bytes())).toStrictEqual(before)
  writer.write([{ a: 1, b: 2 }, { c: 3 }])
  const reader = new ValueReader()
  reader.reset(writer.bytes(), 0, writer.length)
  expect([reader.read(), reader.read()]).toStrictEqual([{ a: 1 }, [{ a: 1, b: 2 }, { c: 3 }]])
})

test('a getter that throws is named as the cause', () => {
  const cause = new Error('boom')
  const value = {
    get a(): number {
      throw cause
    },
  }
  expect(() => assertEncodable(value)).toThrow(expect.objectContaining({ cause }))
})

test('more shapes than are remembered, and objects with many keys', () => {
  const many = Array.from({ length: 2000 }, (_, i) => ({ [`k${i}`]: i, all: i }))
  expect(cloneValue([many, many])).toStrictEqual([many, many])
  const wide = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, i]))
  expect(cloneValue([wide, wide])).toStrictEqual([wide, wide])
})

test('objects of one shape, beyond the point where code is compiled for it', () => {
  const records = Array.from({ length: 100 }, (_, i) => ({ id: i, ['__proto__']: i, name: 'n' }))
  expect(cloneValue(records)).toStrictEqual(records)
})

test('registered classes come back as instances, nested too', () => {
  registerType(Point, { encode: ({ x }) => ({ x }), decode: ({ x }) => new Point(x) })
  const copy = cloneValue({ points: [new Point(1), new Point(2)] })
  expect(copy.points[1]).toBeInstanceOf(Point)
  expect(copy).toStrictEqual({ points: [new Point(1), new Point(2)] })
})

test('encode and decode of a registered class may themselves clone', () => {
  class Snapshot {
    data: unknown
    constructor(data: unknown) {
      this.data = data
    }
  }
  registerType(Snapshot, {
    encode: ({ data }) => cloneValue(data),
    decode: (data) => new Snapshot(cloneValue(data)),
  })
  const copy = cloneValue([new Snapshot({ a: ['x'] }), 'after'])
  expect(copy).toStrictEqual([new Snapshot({ a: ['x'] }), 'after'])
})

test('registerType refuses what makes no sense', () => {
  const codec = { encode: () => 0, decode: () => new Line() }
  const refused = (run: () => void, message: string): void => {
    expect(run).toThrow(new StreamError('SAGE_OPTION', `registerType: ${message}`))
  }
  refused(() => registerType(5 as never, codec), 'expected a class, got 5')
  refused(() => registerType(Map, codec as never), 'Map needs no registration')
  refused(
    () => registerType(Line, { encode: 1 } as never),
    'expected { encode, decode } for Line, got {"encode":1}',
  )
  refused(() => registerType(Line, codec, ''), 'expected a name for the class, got ""')
  registerType(Line, codec, 'taken')
  refused(
    () => registerType(class Other {}, codec, 'taken'),
    "two classes are called 'taken': give one of them another name",
  )
})

test('a type that is not registered here cannot be read', () => {
  class Temporary {}
  registerType(Temporary, { encode: () => 1, decode: () => new Temporary() }, 'first name')
  const writer = new ValueWriter()
  writer.write(new Temporary())
  registerType(Temporary, { encode: () => 1, decode: () => new Temporary() }, 'second name')
  const reader = new ValueReader()
  reader.reset(writer.bytes(), 0, writer.length)
  expect(() => reader.read()).toThrow("has registered, got 'first name'")
})

test('strings of any length cross with any character anywhere', () => {
  const characters = ['x', 'é', '€', '😀', '\ud83d', '\udc00', '\0']
  for (const length of [39, 40, 41, 62, 63, 64, 127, 128, 129, 4095, 4096, 5000]) {
    for (const character of characters) {
      for (const at of [0, length >> 1, length - character.length]) {
        const sent = 'a'.repeat(at) + character + 'b'.repeat(length - at - character.length)
        expect(cloneValue(['before', sent, 'behind']), `${character} ${length}`).toEqual([
          'before',
          sent,
          'behind',
        ])
      }
    }
  }
})
