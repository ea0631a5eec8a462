import { ValueReader } from './value-reader.ts'
import { ValueWriter } from './value-writer.ts'

export { ValueReader } from './value-reader.ts'
export { ValueWriter } from './value-writer.ts'

// Null while in use: `encode` and `decode` of a registered type may clone in turn.
let idleWriter: ValueWriter | null = new ValueWriter()

/**
 * A copy of a record, equal to what another thread would receive.
 *
 * @throws StreamError `SAGE_CODEC_UNSUPPORTED`
 */
export function cloneValue<T>(value: T): T {
  return withWriter((writer) => {
    writer.write(value)
    const bytes = writer.bytes()
    const reader = new ValueReader()
    reader.reset(bytes, 0, bytes.length)
    return reader.read() as T
  })
}

/**
 * Checks that a record could cross to another thread.
 *
 * @throws StreamError `SAGE_CODEC_UNSUPPORTED`, as the exchange would
 */
export function assertEncodable(value: unknown): void {
  withWriter((writer) => writer.write(value))
}

function withWriter<R>(use: (writer: ValueWriter) => R): R {
  const writer = idleWriter ?? new ValueWriter()
  idleWriter = null
  try {
    return use(writer)
  } finally {
    writer.truncate(0)
    idleWriter = writer
  }
}
