import { describe, StreamError } from '../../codec/errors.ts'
import { jsonLoss } from '../../codec/json-loss.ts'
import type { RecordWriter } from './record-writer.ts'

/**
 * Format `lines`: strings (a line break inside one is not escaped), numbers, bigints and booleans.
 */
export function linesWriter(): RecordWriter {
  return new LineWriter(toLine)
}

/**
 * Format `json`: a value a line, as `JSON.stringify` writes it; bigints as digits. What that would
 * lose (a `Map`, bytes) is refused.
 */
export function jsonWriter(): RecordWriter {
  return new LineWriter(toJson)
}

class LineWriter implements RecordWriter {
  readonly #toText: (record: unknown) => string
  readonly takeAt = 64 * 1024
  #lines: string[] = []
  size = 0

  constructor(toText: (record: unknown) => string) {
    this.#toText = toText
  }

  fits(): boolean {
    return true
  }

  add(record: unknown): void {
    const line = this.#toText(record)
    this.#lines.push(line)
    this.size += line.length + 1
  }

  take(): Uint8Array {
    if (this.#lines.length === 0) return new Uint8Array(0)
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    this.size = 0
    return Buffer.from(text)
  }

  end(): Uint8Array {
    return this.take()
  }
}

function toLine(record: unknown): string {
  if (typeof record === 'string') return record
  if (typeof record === 'object' || typeof record === 'function') refuse('a string', record)
  return String(record)
}

function toJson(record: unknown): string {
  const lost = jsonLoss(record)
  if (lost !== undefined) refuse('values that JSON can hold', lost)
  const text = stringify(record)
  if (text === undefined) refuse('a value that JSON can hold', record)
  return text
}

/**
 * A replacer makes everything several times slower: only for the records that plain JSON refuses.
 */
function stringify(record: unknown): string | undefined {
  try {
    return JSON.stringify(record)
  } catch {
    return JSON.stringify(record, bigintAsDigits)
  }
}

/** `JSON.rawJSON` is in every supported Node, but not yet in TypeScript's library. */
function bigintAsDigits(_: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value))
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError(
    'SAGE_SCHEMA_MISMATCH',
    `FileSink: expected ${expected}, got ${describe(got)}`,
  )
}
