import { describe, StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from '../contract/context.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { SourceFactory } from '../contract/operator.ts'
import { isPromise } from '../contract/result-checks.ts'
import type { PartitionReader } from '../contract/source.ts'
import { AsyncIteratorReader } from './async-iterator-reader.ts'
import { isIterable, iteratorReader } from './iterator-reader.ts'
import { singlePartition } from './single-partition.ts'

/**
 * The elements of what `make` returns: an iterable or an async iterable, made anew each time it is
 * opened.
 */
export function iterableSource(make: unknown): SourceFactory {
  requireLambda(make, 'fromIterable')
  return madeIterable(make, 'fromIterable')
}

/** The source of an iterable that `make` makes when it is opened; `method` names it in errors. */
export function madeIterable(make: () => unknown, method: string): SourceFactory {
  const open = async (ctx: RuntimeContext, position: unknown) => {
    const made = make()
    const iterable = isPromise(made) ? await made : made
    return iterableReader(iterable, (position as number | undefined) ?? 0, ctx, method)
  }
  return singlePartition(open, { functions: [make], sharesRecords: true })
}

async function iterableReader(
  iterable: unknown,
  start: number,
  ctx: RuntimeContext,
  method: string,
): Promise<PartitionReader<unknown, number>> {
  if (isIterable(iterable)) return iteratorReader(iterable[Symbol.iterator](), start, ctx)
  if (!isAsyncIterable(iterable)) {
    throw new StreamError(
      'SAGE_OPTION',
      `${method}: expected the function to return an iterable or async iterable, ` +
        `got ${describe(iterable)}`,
    )
  }
  const reader = new AsyncIteratorReader(iterable[Symbol.asyncIterator]())
  await reader.skip(start)
  return reader
}

/** Whether something can be iterated with `for await`. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
}
