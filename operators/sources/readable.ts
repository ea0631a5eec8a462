import { describe, StreamError } from '../../codec/errors.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { SourceFactory } from '../contract/operator.ts'
import { AsyncIteratorReader } from './async-iterator-reader.ts'
import { isAsyncIterable } from './iterable.ts'
import { singlePartition } from './single-partition.ts'

/**
 * The chunks of a Node `Readable` or a web `ReadableStream` that `make` returns. It is read only as
 * fast as the job goes, and destroyed or cancelled when the job ends before it.
 */
export function readableSource(make: unknown): SourceFactory {
  requireLambda(make, 'fromReadable')
  const open = async () => {
    const { Readable } = process.getBuiltinModule('node:stream')
    const stream: unknown = await make()
    if (stream instanceof Readable) {
      return new AsyncIteratorReader(stream[Symbol.asyncIterator](), () => void stream.destroy())
    }
    if (stream instanceof ReadableStream) return webReader(stream)
    if (isAsyncIterable(stream)) return new AsyncIteratorReader(stream[Symbol.asyncIterator]())
    throw new StreamError(
      'SAGE_OPTION',
      'fromReadable: expected the function to return a Readable or a ReadableStream, ' +
        `got ${describe(stream)}`,
    )
  }
  return singlePartition(open, { functions: [make], sharesRecords: true })
}

function webReader(stream: ReadableStream<unknown>): AsyncIteratorReader {
  const reader = stream.getReader()
  const next = async (): Promise<IteratorResult<unknown>> => {
    const { done, value } = await reader.read()
    return done ? { done: true, value: undefined } : { done: false, value }
  }
  // A stream that is through, or broken, has nothing left to cancel.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  return new AsyncIteratorReader({ next }, cancel)
}
