import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import { mapFactory } from '../../operators/basic/map.ts'
import type { ErrorHandler } from '../../operators/contract/failure-handling.ts'
import { functionName, requireLambda } from '../../operators/contract/function-form.ts'
import { coMapFactory } from '../../operators/multi/co-map.ts'
import { joinFactory } from '../../operators/multi/join.ts'
import type { GraphNode } from '../graph/node.ts'
import { append, appendFunction, type MakeFactory, requireOneEnvironment } from './append.ts'
import { functionArguments, operatorOptions } from './arguments.ts'
import { cursorOf, cursorsOf } from './basic-stream.ts'
import {
  addJoin,
  addProcess,
  keyEach,
  requireTwo,
  synchronized,
  windowSpec,
} from './connected-operators.ts'
import {
  backpressureOf,
  type ConnectedSettings,
  handlingOf,
  thresholdOf,
} from './connected-settings.ts'
import { WindowOverInputs } from './connected-window.ts'
import { commonKey, notKeyed } from './keying.ts'
import { addPrint, addSink } from './main-thread.ts'
import { applyPiece } from './registered-functions.ts'
import { CURSORS, type Cursor, cursorAt, type StreamScope } from './stream-scope.ts'

/** The methods of `ConnectedStreams`, typed there. */
export class JoinedInputs {
  readonly [CURSORS]: readonly Cursor[]
  readonly #scope: StreamScope
  readonly #key: Pick<Cursor, 'keyed' | 'keying'>
  readonly #settings: ConnectedSettings

  /** @param settings - of the connected streams that these come from */
  constructor(streams: readonly unknown[], settings: ConnectedSettings = {}) {
    this[CURSORS] = inputCursors(streams)
    this.#scope = this[CURSORS][0].scope
    this.#key = commonKey('connect', this[CURSORS])
    this.#settings = settings
  }

  map(fn: unknown, ...rest: unknown[]) {
    return this.#follow(this.#appendFunction('map', fn, rest, mapFactory))
  }

  sink(fn: unknown, ...rest: unknown[]): this {
    addSink(this.#inputs, fn, rest, this.#handling)
    return this
  }

  print(prefix?: unknown, separator?: unknown, colored?: unknown, options?: unknown): this {
    addPrint(this.#inputs, { prefix, separator, colored }, options)
    return this
  }

  connect(other: unknown) {
    return this.#scope.connected([...this[CURSORS], ...cursorsOf(other)], this.#settings)
  }

  keyBy(selectors: unknown, strategy?: unknown, options?: unknown) {
    const keyed = keyEach('keyBy', this[CURSORS], selectors, strategy, options)
    return this.#scope.connected(keyed, this.#settings)
  }

  coMap(fn: unknown, ...rest: unknown[]) {
    const inputs = this[CURSORS].length
    if (!Array.isArray(fn)) {
      const make: MakeFactory = (Class, options) => coMapFactory(Class, inputs, options)
      return this.#unkeyed(this.#appendFunction('coMap', fn, rest, make))
    }
    const node = append(this.#inputs, {
      kind: 'coMap',
      options: operatorOptions('coMap', rest[0]),
      body: { type: 'operator', factory: coMapFactory(fn, inputs) },
      handling: this.#handling,
    })
    return this.#unkeyed(node)
  }

  join(first: unknown, ...rest: unknown[]) {
    const byOptions = typeof first === 'object' && first !== null
    if (byOptions) return this.#unkeyed(addJoin(this.#inputs, this.#settings, first))
    return this.#unkeyed(this.#joinByClass(first, rest))
  }

  process(fn: unknown, options?: unknown) {
    return this.#follow(addProcess(this.#inputs, this.#settings, fn, options))
  }

  window(options: unknown) {
    return new WindowOverInputs(this.#inputs, this.#settings, windowSpec(options), this.#key)
  }

  synchronize(options: unknown) {
    const { cursors, alignment } = synchronized(this[CURSORS], options)
    return this.#scope.connected(cursors, { ...this.#settings, alignment })
  }

  onError(handler: unknown) {
    requireLambda(handler, 'onError')
    return this.#with({ onError: handler as ErrorHandler })
  }

  setErrorThreshold(options: unknown) {
    return this.#with({ threshold: thresholdOf(options) })
  }

  configureBackpressure(options: unknown) {
    return this.#with({ backpressure: backpressureOf(options) })
  }

  pipe(piece: unknown) {
    return applyPiece(this, piece)
  }

  /** What the next operator reads. */
  get #inputs(): readonly Cursor[] {
    const { backpressure } = this.#settings
    if (backpressure === undefined) return this[CURSORS]
    return this[CURSORS].map((cursor) => ({ ...cursor, backpressure }))
  }

  get #handling() {
    return handlingOf(this.#settings, this[CURSORS])
  }

  #appendFunction(kind: string, fn: unknown, rest: readonly unknown[], make: MakeFactory) {
    return appendFunction(this.#inputs, kind, [fn, rest], make, undefined, this.#handling)
  }

  #joinByClass(Class: unknown, rest: readonly unknown[]): GraphNode {
    const cursors = this.#inputs
    requireTwo(cursors)
    const { constructorOptions, options } = functionArguments('join', Class, rest)
    const factory = joinFactory(Class, constructorOptions)
    const unkeyed = cursors.find((cursor) => cursor.keying === undefined)
    if (unkeyed !== undefined) throw notKeyed('join', unkeyed)
    return append(cursors, {
      kind: 'join',
      name: functionName(Class, 'join'),
      options,
      body: { type: 'operator', factory },
      handling: this.#handling,
      compared: constructorOptions === undefined ? {} : { constructorOptions },
    })
  }

  #with(settings: ConnectedSettings) {
    return this.#scope.connected(this[CURSORS], { ...this.#settings, ...settings })
  }

  /** The stream behind an operator that keeps the keys of the inputs. */
  #follow(node: GraphNode) {
    return this.#scope.stream(cursorAt(this.#scope, node, generalCodec, this.#key))
  }

  #unkeyed(node: GraphNode) {
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
