import { describe, StreamError } from '../../codec/errors.ts'
import { printFactory } from '../../operators/basic/print.ts'
import { sinkFactory } from '../../operators/basic/sink.ts'
import type { FailureHandling } from '../../operators/contract/failure-handling.ts'
import { append, appendFunction } from './append.ts'
import { type CheckedOptions, operatorOptions, requireCapacity, requireText } from './arguments.ts'
import { OutputStream } from './output-stream.ts'
import type { Cursor } from './stream-scope.ts'

/** Records that may wait at an end of the main thread. */
export const DEFAULT_CAPACITY = 1024
const STDOUT = 1

/** Adds a sink behind `inputs`. */
export function addSink(
  inputs: readonly Cursor[],
  fn: unknown,
  rest: readonly unknown[],
  handling?: FailureHandling,
): void {
  appendFunction(
    inputs,
    'sink',
    [fn, rest],
    (sink, constructorOptions, { capacity }) =>
      sinkFactory(sink, constructorOptions, capacity as number | undefined),
    { capacity: requireCapacity },
    handling,
  )
}

/** The arguments of `print` as they were given. */
export interface PrintArguments {
  readonly prefix: unknown
  readonly separator: unknown
  readonly colored: unknown
}

/** Adds a printer behind `inputs`: it makes text of each record, which the main thread writes. */
export function addPrint(inputs: readonly Cursor[], given: PrintArguments, options: unknown): void {
  const { prefix = '', separator = ' | ', colored = true } = given
  requireType('print prefix', 'string', prefix)
  requireType('print separator', 'string', separator)
  requireType('print colored', 'boolean', colored)
  const factory = printFactory(
    prefix as string,
    separator as string,
    (colored as boolean) && process.getBuiltinModule('node:tty').isatty(STDOUT),
  )
  append(inputs, {
    kind: 'print',
    options: serialOptions('print', operatorOptions('print', options)),
    body: { type: 'output', capacity: DEFAULT_CAPACITY, factory },
    compared: { prefix, separator, colored },
  })
}

/** Adds an output of the main thread. */
export function addOutput(input: Cursor, name: unknown, given: unknown): OutputStream {
  requireText(name, 'output name')
  const options = operatorOptions('output', given, { capacity: requireCapacity })
  const capacity = (options.capacity ?? DEFAULT_CAPACITY) as number
  const node = append([{ ...input, exchange: true }], {
    kind: 'output',
    options: serialOptions('output', { ...options, name: name as string }),
    body: { type: 'output', capacity },
  })
  return new OutputStream(name as string, node)
}

/** One writer, one reader. */
function serialOptions(method: string, options: CheckedOptions): CheckedOptions {
  if (options.parallelism === undefined || options.parallelism === 1) return options
  throw new StreamError(
    'SAGE_PARALLELISM',
    `${method}.parallelism: expected 1, got ${describe(options.parallelism)}`,
  )
}

function requireType(where: string, type: 'string' | 'boolean', value: unknown): void {
  if (typeof value === type) return
  throw new StreamError('SAGE_OPTION', `${where}: expected a ${type}, got ${describe(value)}`)
}
