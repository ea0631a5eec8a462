import { describe, StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { SourceFunction } from '../contract/function.ts'
import {
  type FunctionClass,
  instantiate,
  isClass,
  isGeneratorFunction,
  requireMethod,
} from '../contract/function-form.ts'
import { opening } from '../contract/metric-registry.ts'
import type { SourceFactory } from '../contract/operator.ts'
import { StopSignal } from '../contract/packet.ts'
import { isPromise } from '../contract/result-checks.ts'
import type { PartitionedSource } from '../contract/source.ts'
import { END, PullReader } from './pull-reader.ts'
import { singlePartition } from './single-partition.ts'

/**
 * A source that is a function of the user's: a lambda `(ctx) => record` or a `SourceFunction`,
 * called again and again; or a `PartitionedSource`, as an object (shared by all subtasks of a
 * thread) or a class (one instance per subtask).
 */
export function functionSource(fn: unknown, constructorOptions?: unknown): SourceFactory {
  if (isPartitioned(fn)) return partitionedFactory((ctx) => fn.inContext?.(ctx) ?? fn, [])
  if (isClass(fn)) {
    if (!isPartitioned(fn.prototype)) return classSource(fn, constructorOptions)
    return partitionedFactory((ctx) => instantiate(fn, constructorOptions, ctx), [fn])
  }
  if (typeof fn === 'function' && !isGeneratorFunction(fn)) return lambdaSource(fn as Pull)
  throw new StreamError(
    'SAGE_OPTION',
    'fromSource: expected a function, a SourceFunction or a PartitionedSource, ' +
      `got ${describe(fn)}` +
      (isGeneratorFunction(fn) ? '; use fromBatch or fromIterable for generators' : ''),
  )
}

/** A source of a `SourceFunction`: opened before its first record, closed after its last. */
export function classSource(Class: FunctionClass, constructorOptions: unknown): SourceFactory {
  const open = async (ctx: RuntimeContext) => {
    const instance = instantiate(Class as FunctionClass<SourceFunction>, constructorOptions, ctx)
    requireMethod(instance, 'execute', 'fromSource')
    await opening(ctx, () => instance.open?.())
    return reader(
      () => instance.execute(),
      ctx,
      () => instance.close?.(),
    )
  }
  return singlePartition(open, { functions: [Class], sharesRecords: false })
}

type Pull = (ctx: RuntimeContext) => unknown

function lambdaSource(fn: Pull): SourceFactory {
  const open = (ctx: RuntimeContext) => reader(() => fn(ctx), ctx)
  return singlePartition(open, { functions: [fn], sharesRecords: false })
}

function reader(ask: () => unknown, ctx: RuntimeContext, close?: () => void | Promise<void>) {
  const pull = (): unknown => {
    const value = ask()
    return isPromise(value) ? value.then(endOrRecord) : endOrRecord(value)
  }
  const source = { method: 'fromSource', clock: ctx.clock, pull, async: true, start: 0 }
  return new PullReader(close === undefined ? source : { ...source, close })
}

function endOrRecord(value: unknown): unknown {
  const ends = value === null || value === undefined || value instanceof StopSignal
  return ends ? END : value
}

/** A source object may give each subtask one of its own, which then knows its context: the clock of its job. */
interface SourceObject extends PartitionedSource<unknown, unknown> {
  inContext?(ctx: RuntimeContext): PartitionedSource<unknown, unknown>
}

function isPartitioned(source: unknown): source is SourceObject {
  if (typeof source !== 'object' || source === null) return false
  const { partitions, open } = source as Partial<PartitionedSource<unknown>>
  return typeof partitions === 'function' && typeof open === 'function'
}

function partitionedFactory(
  create: (ctx: RuntimeContext) => PartitionedSource<unknown, unknown>,
  functions: readonly Function[],
): SourceFactory {
  return { single: false, sharesRecords: false, functions, create }
}
