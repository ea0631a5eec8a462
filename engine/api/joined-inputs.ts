import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import { mapFactory } from '../../operators/basic/map.ts'
import { functionName } from '../../operators/contract/function-form.ts'
import { coMapFactory } from '../../operators/multi/co-map.ts'
import { joinFactory } from '../../operators/multi/join.ts'
import { append, appendFunction, requireOneEnvironment } from './append.ts'
import { functionArguments, operatorOptions } from './arguments.ts'
import { cursorOf, cursorsOf } from './basic-stream.ts'
import { commonKey, keyCursor, notKeyed } from './keying.ts'
import { addPrint, addSink } from './main-thread.ts'
import { applyPiece } from './registered-functions.ts'
import { CURSORS, type Cursor, cursorAt, type StreamScope } from './stream-scope.ts'

/** The methods of `ConnectedStreams`, typed there. */
export class JoinedInputs {
  readonly [CURSORS]: readonly Cursor[]
  readonly #scope: StreamScope
  readonly #key: Pick<Cursor, 'keyed' | 'keying'>

  constructor(streams: readonly unknown[]) {
    this[CURSORS] = inputCursors(streams)
    this.#scope = this[CURSORS][0].scope
    this.#key = commonKey('connect', this[CURSORS])
  }

  map(fn: unknown, ...rest: unknown[]) {
    const node = appendFunction(this[CURSORS], 'map', [fn, rest], mapFactory)
    return this.#scope.stream(cursorAt(this.#scope, node, generalCodec, this.#key))
  }

  sink(fn: unknown, ...rest: unknown[]): this {
    addSink(this[CURSORS], fn, rest)
    return this
  }

  print(prefix?: unknown, separator?: unknown, colored?: unknown, options?: unknown): this {
    addPrint(this[CURSORS], { prefix, separator, colored }, options)
    return this
  }

  connect(other: unknown) {
    return this.#scope.connected([...this[CURSORS], ...cursorsOf(other)])
  }

  keyBy(selectors: unknown, strategy?: unknown, options?: unknown) {
    const list = Array.isArray(selectors) ? selectors : this[CURSORS].map(() => selectors)
    if (list.length !== this[CURSORS].length) {
      throw new StreamError(
        'SAGE_SELECTORS',
        `keyBy: Key selector count (${list.length}) must match ` +
          `stream count (${this[CURSORS].length})`,
      )
    }
    return this.#scope.connected(
      this[CURSORS].map((cursor, i) => keyCursor(cursor, list[i], strategy, options)),
    )
  }

  coMap(fn: unknown, ...rest: unknown[]) {
    const inputs = this[CURSORS].length
    if (!Array.isArray(fn)) {
      const node = appendFunction(this[CURSORS], 'coMap', [fn, rest], (Class, options) =>
        coMapFactory(Class, inputs, options),
      )
      return this.#unkeyed(node)
    }
    const node = append(this[CURSORS], {
      kind: 'coMap',
      options: operatorOptions('coMap', rest[0]),
      body: { type: 'operator', factory: coMapFactory(fn, inputs) },
    })
    return this.#unkeyed(node)
  }

  join(Class: unknown, ...rest: unknown[]) {
    const cursors = this[CURSORS]
    if (cursors.length !== 2) {
      throw new StreamError(
        'SAGE_JOIN_INPUTS',
        `join: expected exactly 2 input streams, got ${cursors.length}`,
      )
    }
    const { constructorOptions, options } = functionArguments('join', Class, rest)
    const factory = joinFactory(Class, constructorOptions)
    const unkeyed = cursors.find((cursor) => cursor.keying === undefined)
    if (unkeyed !== undefined) throw notKeyed('join', unkeyed)
    const node = append(cursors, {
      kind: 'join',
      name: functionName(Class, 'join'),
      options,
      body: { type: 'operator', factory },
      compared: constructorOptions === undefined ? {} : { constructorOptions },
    })
    return this.#unkeyed(node)
  }

  pipe(piece: unknown) {
    return applyPiece(this, piece)
  }

  #unkeyed(node: Cursor['node']) {
    return this.#scope.stream(cursorAt(this.#scope, node, generalCodec))
  }
}

function inputCursors(streams: unknown): readonly Cursor[] {
  if (!Array.isArray(streams) || streams.length < 2) {
    throw new StreamError(
      'SAGE_OPTION',
      `ConnectedStreams: expected an array of at least two streams, got ${describe(streams)}`,
    )
  }
  const cursors = streams.map((stream) => cursorOf(stream, 'ConnectedStreams'))
  requireOneEnvironment('connect', cursors)
  return cursors
}
