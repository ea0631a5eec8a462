import { describe, StreamError } from '../../codec/errors.ts'
import { asyncMapFactory } from '../async/async-map.ts'
import { filterFactory } from '../basic/filter.ts'
import { flatMapFactory } from '../basic/flat-map.ts'
import { forwardFactory } from '../basic/forward.ts'
import { inspectFactory } from '../basic/inspect.ts'
import { keyByFactory } from '../basic/key-by.ts'
import { mapFactory } from '../basic/map.ts'
import { processFactory } from '../basic/process.ts'
import { sinkFactory } from '../basic/sink.ts'
import {
  AsyncMapFunction,
  BaseCoMapFunction,
  BaseJoinFunction,
  FilterFunction,
  FlatMapFunction,
  KeyByFunction,
  ProcessFunction,
  SinkFunction,
} from '../contract/function.ts'
import type { FunctionClass } from '../contract/function-form.ts'
import type { OperatorFactory, OperatorShape } from '../contract/operator.ts'
import { coMapFactory } from '../multi/co-map.ts'
import { joinFactory } from '../multi/join.ts'
import { assignTimestampsFactory } from '../time/assign-timestamps.ts'
import { watermarks } from '../time/watermark-strategy.ts'

type FunctionFactory = (fn: unknown, constructorOptions?: unknown) => OperatorFactory

const byShape: Readonly<Record<OperatorShape, FunctionFactory>> = {
  map: mapFactory,
  filter: filterFactory,
  flatMap: flatMapFactory,
  process: processFactory,
  inspect: inspectFactory,
  key: keyByFactory,
  sink: sinkFactory,
  async: asyncMapFactory,
  timestamp: (fn) => assignTimestampsFactory(fn, watermarks.monotonic()),
  forward: forwardFactory,
}

const shapeOfBase: readonly (readonly [Function, OperatorShape])[] = [
  [FilterFunction, 'filter'],
  [FlatMapFunction, 'flatMap'],
  [KeyByFunction, 'key'],
  [SinkFunction, 'sink'],
  [AsyncMapFunction, 'async'],
  [ProcessFunction, 'process'],
]

/** What says how a subject under test becomes an operator, where the subject itself does not. */
export interface SubjectOptions {
  /** How a function is used. Default: by the class it extends, else `'map'`. */
  readonly shape?: OperatorShape
  /**
   * The number of connected inputs of a co-map. Default: the methods `map0`, `map1`, … that its
   * class has.
   */
  readonly inputs?: number
  /** What a class's constructor gets. */
  readonly constructorOptions?: unknown
}

/** The operator that a lambda, an array of them, a function class or a factory stands for. */
export function factoryOf(subject: unknown, options: SubjectOptions): OperatorFactory {
  const { shape, inputs, constructorOptions } = options
  if (Array.isArray(subject)) return coMapFactory(subject, inputs ?? subject.length)
  if (typeof subject === 'object' && subject !== null && 'create' in subject) {
    return subject as OperatorFactory
  }
  if (typeof subject !== 'function') throw noSubject(subject)
  if (shape !== undefined) return byShape[shape](subject, constructorOptions)
  if (subject.prototype instanceof BaseCoMapFunction) {
    const Class = subject as unknown as FunctionClass
    return coMapFactory(Class, inputs ?? countInputs(Class.prototype), constructorOptions)
  }
  if (subject.prototype instanceof BaseJoinFunction) return joinFactory(subject, constructorOptions)
  const known = shapeOfBase.find(([base]) => subject.prototype instanceof base)
  return byShape[known?.[1] ?? 'map'](subject, constructorOptions)
}

function countInputs(prototype: Record<string, unknown>): number {
  let inputs = 0
  while (typeof prototype[`map${inputs}`] === 'function') inputs++
  return Math.max(inputs, 2)
}

function noSubject(subject: unknown): StreamError {
  return new StreamError(
    'SAGE_OPTION',
    'operatorHarness: expected a function, a function class or an OperatorFactory, ' +
      `got ${describe(subject)}`,
  )
}
