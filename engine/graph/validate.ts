import { StreamError } from '../../codec/errors.ts'
import type { GraphNode } from './node.ts'

/** What the rules read of a graph and its job. */
export interface ValidationInput {
  readonly nodes: readonly GraphNode[]
  /**
   * Module form: the stream and output nodes that `build` returned. Script form: undefined, all are
   * at hand.
   */
  readonly returned?: ReadonlySet<GraphNode>
}

/**
 * What only the whole graph shows, checked at submit; the methods check the rest when they are
 * called. Throws the error of the first rule that is broken.
 */
export function validateGraph(input: ValidationInput): void {
  for (const rule of rules) rule(input)
}

const rules: readonly ((input: ValidationInput) => void)[] = [
  hasSource,
  futuresAreFilled,
  everythingIsFed,
  endsAreReturned,
]

function hasSource({ nodes }: ValidationInput): void {
  if (nodes.some(isSource)) return
  throw new StreamError(
    'SAGE_NO_SOURCE',
    'expected at least one source (env.fromCollection, env.createStream, …), ' +
      `got ${count(nodes.length)} without any`,
  )
}

function futuresAreFilled({ nodes }: ValidationInput): void {
  for (const node of nodes) {
    if (node.body.type !== 'future' || node.inputs.length > 0) continue
    throw new StreamError(
      'SAGE_FUTURE_UNFILLED',
      `Unfilled future '${node.name}' in the pipeline: ` +
        'expected a stream.fillFuture(future) for it before submit',
      { operator: node.name },
    )
  }
}

/** A loop of futures alone would wait for a first record for ever. */
function everythingIsFed({ nodes }: ValidationInput): void {
  const fed = new Set(nodes.filter(isSource))
  let before: number
  do {
    before = fed.size
    for (const node of nodes) if (node.inputs.some((edge) => fed.has(edge.from))) fed.add(node)
  } while (fed.size > before)
  for (const node of nodes) {
    if (fed.has(node)) continue
    throw new StreamError(
      'SAGE_NO_SOURCE',
      'expected a source somewhere above every operator, ' +
        `got '${node.name}' (${node.kind}) in a loop that none feeds`,
      { operator: node.name },
    )
  }
}

function endsAreReturned({ nodes, returned }: ValidationInput): void {
  if (returned === undefined) return
  for (const node of nodes) {
    const end = endKind(node)
    if (end === undefined || returned.has(node)) continue
    const use = end === 'output' ? 'read' : 'feed'
    throw new StreamError(
      'SAGE_OUTPUT_UNREACHABLE',
      `${end}('${node.name}'): expected it among the properties of what build returns, ` +
        `else nobody can ${use} it`,
      { operator: node.name },
    )
  }
}

function endKind(node: GraphNode): 'createStream' | 'output' | undefined {
  if (node.body.type === 'input') return 'createStream'
  return node.body.type === 'output' && node.body.factory === undefined ? 'output' : undefined
}

function isSource(node: GraphNode): boolean {
  return node.body.type === 'source' || node.body.type === 'input'
}

function count(operators: number): string {
  return operators === 1 ? '1 operator' : `${operators} operators`
}
