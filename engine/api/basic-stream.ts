import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import type { RecordCodec } from '../../codec/record-codec.ts'
import { viewCodecOf } from '../../codec/view-codec.ts'
import { type AsyncSettings, asyncMapFactory } from '../../operators/async/async-map.ts'
import { type EnrichSettings, enrichCachedFactory } from '../../operators/async/enrich-cached.ts'
import { BRANCH_FALSE, BRANCH_TRUE, branchFactory } from '../../operators/basic/branch.ts'
import { filterFactory } from '../../operators/basic/filter.ts'
import { flatMapFactory } from '../../operators/basic/flat-map.ts'
import { forwardFactory } from '../../operators/basic/forward.ts'
import { inspectFactory } from '../../operators/basic/inspect.ts'
import { mapFactory } from '../../operators/basic/map.ts'
import { processFactory } from '../../operators/basic/process.ts'
import { processBatchFactory } from '../../operators/basic/process-batch.ts'
import { withSchemaFactory } from '../../operators/basic/with-schema.ts'
import { requireLambda } from '../../operators/contract/function-form.ts'
import { countFinalFactory } from '../../operators/final/count-final.ts'
import { assignTimestampsFactory } from '../../operators/time/assign-timestamps.ts'
import { WatermarkStrategy } from '../../operators/time/watermark-strategy.ts'
import type { GraphNode } from '../graph/node.ts'
import {
  append,
  appendFunction,
  type MakeFactory,
  notAStream,
  requireOneEnvironment,
} from './append.ts'
import {
  type OptionRules,
  operatorOptions,
  requireBoolean,
  requireCapacity,
  requireCount,
  requireDuration,
  requireParallelism,
  requireTag,
  stepOptions,
} from './arguments.ts'
import { commonKey, keyCursor } from './keying.ts'
import { addOutput, addPrint, addSink } from './main-thread.ts'
import type { OutputStream } from './output-stream.ts'
import { applyPiece } from './registered-functions.ts'
import { requireSchema } from './schema-argument.ts'
import { CURSOR, CURSORS, type Cursor, cursorAt, edgeFrom } from './stream-scope.ts'

const asyncRules: OptionRules = {
  capacity: requireCapacity,
  ordered: requireBoolean,
  timeout: requireDuration,
  retries: requireCount,
}

/** The cursor of what should be a stream. Throws `SAGE_OPTION`. */
export function cursorOf(stream: unknown, method: string): Cursor {
  if (stream instanceof BasicStream) return stream[CURSOR]
  throw notAStream(method, stream)
}

/** The cursors of a stream or of connected streams. Throws `SAGE_OPTION`. */
export function cursorsOf(streams: unknown): readonly Cursor[] {
  const several = (streams as { [CURSORS]?: readonly Cursor[] } | null | undefined)?.[CURSORS]
  return several ?? [cursorOf(streams, 'connect')]
}

/**
 * The methods of `DataStream`, typed there: each checks its arguments, adds at most one operator or
 * two and returns the stream that reads from it.
 */
export abstract class BasicStream {
  readonly [CURSOR]: Cursor

  constructor(cursor: Cursor) {
    this[CURSOR] = cursor
  }

  map(fn: unknown, ...rest: unknown[]) {
    return this.#follow(appendFunction([this[CURSOR]], 'map', [fn, rest], mapFactory))
  }

  filter(fn: unknown, ...rest: unknown[]) {
    return this.#follow(
      appendFunction([this[CURSOR]], 'filter', [fn, rest], filterFactory),
      this[CURSOR].codec,
    )
  }

  flatMap(fn: unknown, ...rest: unknown[]) {
    return this.#follow(appendFunction([this[CURSOR]], 'flatMap', [fn, rest], flatMapFactory))
  }

  asyncMap(fn: unknown, ...rest: unknown[]) {
    const make = (given: unknown, constructorOptions: unknown, options: AsyncSettings) =>
      asyncMapFactory(given, constructorOptions, options)
    return this.#follow(
      appendFunction([this[CURSOR]], 'asyncMap', [fn, rest], make as MakeFactory, asyncRules),
    )
  }

  enrichCached(getter: unknown, mapper: unknown, options?: unknown) {
    const rules = { ...asyncRules, ttl: requireDuration }
    const checked = operatorOptions('enrichCached', options, rules)
    const { name, uid, parallelism, errors, ...compared } = checked
    const node = append([this[CURSOR]], {
      kind: 'enrichCached',
      options: checked,
      body: {
        type: 'operator',
        factory: enrichCachedFactory(getter, mapper, checked as EnrichSettings),
      },
      compared,
    })
    return this.#follow(node)
  }

  keyBy(fn: unknown, strategy?: unknown, options?: unknown) {
    return this[CURSOR].scope.stream(keyCursor(this[CURSOR], fn, strategy, options))
  }

  sink(fn: unknown, ...rest: unknown[]): this {
    addSink([this[CURSOR]], fn, rest)
    return this
  }

  print(prefix?: unknown, separator?: unknown, colored?: unknown, options?: unknown): this {
    addPrint([this[CURSOR]], { prefix, separator, colored }, options)
    return this
  }

  union(...others: unknown[]) {
    const cursors = [this[CURSOR], ...others.map((other) => cursorOf(other, 'union'))]
    requireOneEnvironment('union', cursors)
    const key = commonKey('union', cursors)
    const [{ scope, codec }] = cursors
    const node = append(cursors, {
      kind: 'union',
      options: {},
      body: { type: 'operator', factory: forwardFactory() },
    })
    const common = cursors.every((cursor) => cursor.codec === codec) ? codec : generalCodec
    return scope.stream(cursorAt(scope, node, common, key))
  }

  fillFuture(future: unknown): void {
    const from = this[CURSOR]
    const to = cursorOf(future, 'fillFuture')
    requireOneEnvironment('fillFuture', [from, to])
    from.scope.graph.fillFuture(to.node, { ...edgeFrom(from, 0), keyed: false, keying: undefined })
  }

  inspect(fn: unknown, ...rest: unknown[]) {
    return this.#follow(
      appendFunction([this[CURSOR]], 'inspect', [fn, rest], inspectFactory),
      this[CURSOR].codec,
    )
  }

  branch(predicate: unknown, ...rest: unknown[]) {
    const { scope, codec } = this[CURSOR]
    const node = appendFunction([this[CURSOR]], 'branch', [predicate, rest], branchFactory)
    return [BRANCH_TRUE, BRANCH_FALSE].map((tag) =>
      scope.stream({ ...cursorAt(scope, node, codec, this[CURSOR]), port: `tag:${tag.id}` }),
    )
  }

  sideOutput(tag: unknown) {
    const { scope, node } = this[CURSOR]
    requireTag(tag, 'sideOutput')
    requireSideOutputs(node)
    return scope.stream({ ...cursorAt(scope, node, generalCodec), port: `tag:${tag.id}` })
  }

  process(fn: unknown, ...rest: unknown[]) {
    return this.#follow(appendFunction([this[CURSOR]], 'process', [fn, rest], processFactory))
  }

  processBatch(fn: unknown, options?: unknown) {
    requireLambda(fn, 'processBatch')
    const { scope } = this[CURSOR]
    const node = append([this[CURSOR]], {
      kind: 'processBatch',
      options: operatorOptions('processBatch', options),
      body: { type: 'operator', factory: processBatchFactory(fn) },
    })
    return scope.stream(cursorAt(scope, node, generalCodec))
  }

  rebalance() {
    return this.#dealt({ partitioning: { type: 'rebalance' }, scales: true, exchange: true })
  }

  broadcast() {
    return this.#dealt({ partitioning: { type: 'broadcast' }, scales: false, exchange: false })
  }

  assignTimestamps(...given: unknown[]) {
    const byFunction = typeof given[0] === 'function'
    const [timestampOf, strategy, options] = byFunction ? given : [undefined, ...given]
    requireStrategy(strategy)
    const { outOfOrdernessMs, idlenessMs } = strategy
    const node = append([this[CURSOR]], {
      kind: 'assignTimestamps',
      options: operatorOptions('assignTimestamps', options),
      body: { type: 'operator', factory: assignTimestampsFactory(timestampOf, strategy) },
      compared: { outOfOrdernessMs, idlenessMs },
    })
    return this.#follow(node, this[CURSOR].codec)
  }

  countFinal(stepId: unknown, keyFn: unknown, options?: unknown) {
    const checked = stepOptions('countFinal', stepId, options)
    requireLambda(keyFn, 'countFinal')
    const keyed = keyCursor(this[CURSOR], keyFn)
    const node = append([keyed], {
      kind: 'countFinal',
      options: checked,
      body: { type: 'operator', factory: countFinalFactory() },
    })
    return keyed.scope.stream(cursorAt(keyed.scope, node, generalCodec, keyed))
  }

  withSchema(schema: unknown, options?: unknown) {
    requireSchema(schema, 'withSchema')
    const { read, ...checked } = operatorOptions('withSchema', options, { read: requireRead })
    const node = append([this[CURSOR]], {
      kind: 'withSchema',
      options: checked,
      body: { type: 'operator', factory: withSchemaFactory(schema) },
      compared: { schema: schema.fbs(), ...(read === 'view' ? { read } : {}) },
    })
    return this.#follow(node, read === 'view' ? viewCodecOf(schema.codec) : schema.codec)
  }

  output(name: unknown, options?: unknown): OutputStream {
    return addOutput(this[CURSOR], name, options)
  }

  deadLetters() {
    const { scope, node } = this[CURSOR]
    return scope.stream({ ...cursorAt(scope, node, generalCodec), port: 'dead-letters' })
  }

  setParallelism(parallelism: unknown): this {
    const { scope, node } = this[CURSOR]
    requireParallelism(parallelism, `setParallelism of '${node.name}'`)
    scope.graph.setParallelism(node, parallelism as number)
    return this
  }

  connect(other: unknown) {
    return this[CURSOR].scope.connected([this[CURSOR], ...cursorsOf(other)])
  }

  pipe(piece: unknown) {
    return applyPiece(this, piece)
  }

  /** The stream behind an operator that keeps this one's keys. */
  #follow(node: GraphNode, codec: RecordCodec = generalCodec) {
    const cursor = this[CURSOR]
    return cursor.scope.stream(cursorAt(cursor.scope, node, codec, cursor))
  }

  /** This stream, dealt to the next operator in another way; keys end here. */
  #dealt(how: Pick<Cursor, 'partitioning' | 'scales' | 'exchange'>) {
    const cursor = this[CURSOR]
    return cursor.scope.stream({ ...cursor, keyed: false, keying: undefined, ...how })
  }
}

function requireStrategy(strategy: unknown): asserts strategy is WatermarkStrategy {
  if (strategy instanceof WatermarkStrategy) return
  const expected = 'watermarks.boundedOutOfOrderness(d) or watermarks.monotonic()'
  throw new StreamError(
    'SAGE_OPTION',
    `assignTimestamps: expected (timestampOf, strategy) or (strategy), with a strategy ${expected}, ` +
      `got ${describe(strategy)}`,
  )
}

function requireRead(read: unknown, where: string): void {
  if (read === 'object' || read === 'view') return
  const expected = "'object' or 'view'"
  throw new StreamError('SAGE_OPTION', `${where}: expected ${expected}, got ${describe(read)}`)
}

/** A tag on an operator that cannot emit to one would be read in vain. */
function requireSideOutputs({ body, name, kind }: GraphNode): void {
  if (body.type === 'operator' && ['process', 'flatMap'].includes(body.factory.shape)) return
  throw new StreamError(
    'SAGE_OPTION',
    'sideOutput: expected a stream made by process or flatMap, which emit with out.collectTo, ' +
      `got '${name}' made by ${kind}`,
  )
}
