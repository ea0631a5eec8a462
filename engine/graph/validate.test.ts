import { describe, expect, it } from 'vitest'
import { generalCodec } from '../../codec/general-codec.ts'
import { Graph } from './graph.ts'
import type { GraphEdge, GraphNode, NodeBody } from './node.ts'
import { validateGraph } from './validate.ts'

const codec = generalCodec
const operator: NodeBody = {
  type: 'operator',
  factory: { shape: 'forward', functions: [], create: () => ({ call: () => {} }) },
}

function edge(from: GraphNode): GraphEdge {
  const partitioning = { type: 'forward' } as const
  const rest = { input: 0, codec, keyed: false, exchange: false, keying: undefined }
  return { from, port: 'main', partitioning, ...rest }
}

/** createStream 'in' -> operator, and what `more` adds. */
function pipeline(more: (graph: Graph, input: GraphNode) => void = () => {}): Graph {
  const graph = new Graph()
  const body: NodeBody = { type: 'input', capacity: 1, codec }
  const input = graph.add({ kind: 'createStream', name: 'in', body, inputs: [] })
  graph.add({ kind: 'map', name: 'map', body: operator, inputs: [edge(input)] })
  more(graph, input)
  return graph
}

function rejection(graph: Graph, returned?: ReadonlySet<GraphNode>): unknown {
  try {
    validateGraph(
      returned === undefined ? { nodes: graph.nodes } : { nodes: graph.nodes, returned },
    )
    return undefined
  } catch (error) {
    return error
  }
}

describe('validateGraph', () => {
  it('accepts a pipeline, also one with a filled feedback edge', () => {
    expect(rejection(pipeline())).toBeUndefined()
    const loop = pipeline((graph, input) => {
      const future = graph.add({
        kind: 'fromFuture',
        name: 'f',
        body: { type: 'future' },
        inputs: [],
      })
      const inputs = [edge(input), edge(future)]
      graph.fillFuture(
        future,
        edge(graph.add({ kind: 'union', name: 'u', body: operator, inputs })),
      )
    })
    expect(rejection(loop)).toBeUndefined()
  })

  it('refuses a graph without a source', () => {
    expect(rejection(new Graph())).toMatchObject({
      code: 'SAGE_NO_SOURCE',
      message: expect.stringContaining('0 operators without any'),
    })
  })

  it('refuses an unfilled future', () => {
    const graph = pipeline((g) => {
      g.add({ kind: 'fromFuture', name: 'loop', body: { type: 'future' }, inputs: [] })
    })
    expect(rejection(graph)).toMatchObject({
      code: 'SAGE_FUTURE_UNFILLED',
      operator: 'loop',
      message: expect.stringContaining("Unfilled future 'loop'"),
    })
  })

  it('refuses a loop that no source feeds', () => {
    const graph = pipeline((g) => {
      const future = g.add({
        kind: 'fromFuture',
        name: 'loop',
        body: { type: 'future' },
        inputs: [],
      })
      g.fillFuture(
        future,
        edge(g.add({ kind: 'map', name: 'body', body: operator, inputs: [edge(future)] })),
      )
    })
    expect(rejection(graph)).toMatchObject({ code: 'SAGE_NO_SOURCE', operator: 'loop' })
  })

  it('refuses ends that a definition does not return, but no printer', () => {
    const graph = pipeline((g, input) => {
      const factory = operator.type === 'operator' ? operator.factory : undefined!
      const print: NodeBody = { type: 'output', capacity: 1, factory }
      g.add({ kind: 'print', name: 'print', body: print, inputs: [edge(input)] })
      const body: NodeBody = { type: 'output', capacity: 1 }
      g.add({ kind: 'output', name: 'out', body, inputs: [edge(input)] })
    })
    const [input, , , out] = graph.nodes
    expect(rejection(graph, new Set([input, out]))).toBeUndefined()
    expect(rejection(graph, new Set([input]))).toMatchObject({
      code: 'SAGE_OUTPUT_UNREACHABLE',
      operator: 'out',
    })
    expect(rejection(graph, new Set([out]))).toMatchObject({
      code: 'SAGE_OUTPUT_UNREACHABLE',
      message: expect.stringContaining("createStream('in')"),
    })
  })
})
