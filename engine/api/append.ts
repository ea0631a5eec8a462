import { describe, StreamError } from '../../codec/errors.ts'
import type { FailureHandling } from '../../operators/contract/failure-handling.ts'
import { functionName } from '../../operators/contract/function-form.ts'
import type { OperatorFactory } from '../../operators/contract/operator.ts'
import type { GraphNode, NodeBody } from '../graph/node.ts'
import { type CheckedOptions, functionArguments, type OptionRules } from './arguments.ts'
import { type Cursor, edgeFrom } from './stream-scope.ts'

/** What a method knows of the operator that it adds. */
export interface OperatorSpec {
  readonly kind: string
  /** Default name. */
  readonly name?: string
  readonly options: CheckedOptions
  readonly body: NodeBody
  /** On connected streams: how failures are handled. */
  readonly handling?: FailureHandling | undefined
  /** Further options for the graph's fingerprint. */
  readonly compared?: Readonly<Record<string, unknown>>
}

/** Adds an operator that reads from `inputs`, in order. */
export function append(inputs: readonly Cursor[], spec: OperatorSpec): GraphNode {
  const { kind, name = kind, options, body, handling, compared = {} } = spec
  return inputs[0].scope.graph.add({
    kind,
    name: options.name ?? name,
    uid: options.uid,
    body,
    inputs: inputs.map(edgeFrom),
    errors: options.errors,
    handling,
    parallelism: options.parallelism,
    scales: inputs[0].scales,
    options: compared,
  })
}

/** What makes the factory of a user function's operator. */
export type MakeFactory = (
  fn: unknown,
  constructorOptions: unknown,
  options: CheckedOptions,
) => OperatorFactory

/**
 * Adds the operator of a user function: `(fn, options?)` or `(Class, constructorOptions?,
 * options?)`.
 */
export function appendFunction(
  inputs: readonly Cursor[],
  kind: string,
  given: readonly [fn: unknown, rest: readonly unknown[]],
  make: MakeFactory,
  rules?: OptionRules,
  handling?: FailureHandling,
): GraphNode {
  const { fn, constructorOptions, options } = functionArguments(kind, given[0], given[1], rules)
  return append(inputs, {
    kind,
    name: functionName(fn, kind),
    options,
    body: { type: 'operator', factory: make(fn, constructorOptions, options) },
    handling,
    compared: comparedOptions(constructorOptions, options, rules),
  })
}

/** Constructor options and those beyond an operator's own count in the comparison of graphs. */
function comparedOptions(
  constructorOptions: unknown,
  options: CheckedOptions,
  rules: OptionRules = {},
): Record<string, unknown> {
  const compared: Record<string, unknown> = {}
  if (constructorOptions !== undefined) compared.constructorOptions = constructorOptions
  for (const option of Object.keys(rules)) if (option in options) compared[option] = options[option]
  return compared
}

/** Throws `SAGE_ENVIRONMENTS_DIFFER` unless all streams belong to one environment. */
export function requireOneEnvironment(method: string, cursors: readonly Cursor[]): void {
  const scope = cursors[0]?.scope
  const stranger = cursors.find((cursor) => cursor.scope !== scope)
  if (stranger === undefined) return
  throw new StreamError(
    'SAGE_ENVIRONMENTS_DIFFER',
    `${method}: streams must be from the same environment, ` +
      `got '${cursors[0].node.name}' and '${stranger.node.name}' of two`,
  )
}

/** `SAGE_OPTION` for what stands in the place of a stream. */
export function notAStream(method: string, got: unknown): StreamError {
  return new StreamError('SAGE_OPTION', `${method}: expected a stream, got ${describe(got)}`)
}
