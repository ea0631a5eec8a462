import { describe, StreamError } from '../../codec/errors.ts'
import { isClass } from '../contract/function-form.ts'
import type { SourceFactory } from '../contract/operator.ts'
import { collectionSource } from './collection.ts'
import { classSource } from './function.ts'
import { isAsyncIterable, madeIterable } from './iterable.ts'
import { isIterable } from './iterator-reader.ts'

/**
 * Finite input of any kind: an iterable; a string (its characters); a function that returns an
 * iterable, as a generator function does; a `SourceFunction`, which ends with `null` or a
 * `StopSignal`.
 */
export function batchSource(source: unknown, constructorOptions?: unknown): SourceFactory {
  if (isClass(source)) return classSource(source, constructorOptions)
  if (typeof source === 'function') return madeIterable(source as () => unknown, 'fromBatch')
  if (isIterable(source)) return collectionSource(source)
  if (isAsyncIterable(source)) return { ...madeIterable(() => source, 'fromBatch'), functions: [] }
  throw new StreamError(
    'SAGE_OPTION',
    'Unsupported source type: fromBatch expected an iterable, a generator function or a ' +
      `SourceFunction class, got ${describe(source)}`,
  )
}
