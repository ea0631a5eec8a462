import { describe, expect, it } from 'vitest'
import { generalCodec } from '../../codec/general-codec.ts'
import { Graph, type NodeSpec } from './graph.ts'
import type { GraphEdge, GraphNode, NodeBody } from './node.ts'

const operator: NodeBody = {
  type: 'operator',
  factory: { shape: 'forward', functions: [], create: () => ({ call: () => {} }) },
}
const input: NodeBody = { type: 'input', capacity: 1, codec: generalCodec }
const output: NodeBody = { type: 'output', capacity: 1 }

function spec(name: string, more: Partial<NodeSpec> = {}): NodeSpec {
  return { kind: 'map', name, body: operator, inputs: [], ...more }
}

function edge(from: GraphNode): GraphEdge {
  const partitioning = { type: 'forward' } as const
  const codec = generalCodec
  const rest = { input: 0, codec, keyed: false, exchange: false, keying: undefined }
  return { from, port: 'main', partitioning, ...rest }
}

describe('Graph', () => {
  it('numbers nodes in order and makes names unique, also against names that look generated', () => {
    const graph = new Graph()
    const names = ['map', 'map_1', 'map', 'map', 'filter'].map((name) => graph.add(spec(name)).name)
    expect(names).toEqual(['map', 'map_1', 'map_2', 'map_3', 'filter'])
    expect(graph.nodes.map((node) => node.id)).toEqual([0, 1, 2, 3, 4])
  })

  it('freezes nodes, whose accessors show a later parallelism', () => {
    const graph = new Graph()
    const node = graph.add(spec('map', { parallelism: 2 }))
    expect(Object.isFrozen(node)).toBe(true)
    expect(node.parallelism).toBe(2)
    graph.setParallelism(node, 3)
    expect([node.parallelism, graph.parallelismOf(node)]).toEqual([3, 3])
    expect(() => graph.setParallelism(new Graph().add(spec('x')), 1)).toThrow(
      expect.objectContaining({ code: 'SAGE_ENVIRONMENTS_DIFFER' }),
    )
  })

  it('refuses a uid twice, and one that is no string', () => {
    const graph = new Graph()
    graph.add(spec('a', { uid: 'u' }))
    expect(() => graph.add(spec('b', { uid: 'u' }))).toThrow(
      expect.objectContaining({
        code: 'SAGE_DUPLICATE_UID',
        message: expect.stringContaining("'u'"),
      }),
    )
    expect(() => graph.add(spec('b', { uid: 7 as unknown as string }))).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION' }),
    )
  })

  it('refuses a stream or output name twice, but not that of an operator', () => {
    const graph = new Graph()
    graph.add(spec('orders'))
    expect(graph.add(spec('orders', { body: input })).name).toBe('orders_1')
    expect(() => graph.add(spec('orders', { body: output }))).toThrow(
      expect.objectContaining({ code: 'SAGE_DUPLICATE_NAME' }),
    )
  })

  it('fills a future once, and nothing but a future', () => {
    const graph = new Graph()
    const source = graph.add(spec('in', { body: input }))
    const future = graph.add(spec('loop', { body: { type: 'future' } }))
    graph.fillFuture(future, edge(source))
    expect(future.inputs.map((e) => e.from)).toEqual([source])
    expect(() => graph.fillFuture(future, edge(source))).toThrow(
      expect.objectContaining({
        code: 'SAGE_FUTURE_FILLED',
        message: expect.stringContaining("'loop' has already been filled"),
      }),
    )
    expect(() => graph.fillFuture(source, edge(source))).toThrow(
      expect.objectContaining({
        code: 'SAGE_NOT_A_FUTURE',
        message: expect.stringContaining('must be a future stream'),
      }),
    )
  })

  it('refuses every change once it is sealed', () => {
    const graph = new Graph()
    const future = graph.add(spec('loop', { body: { type: 'future' } }))
    graph.seal()
    const changes = [
      () => graph.add(spec('late')),
      () => graph.setParallelism(future, 2),
      () => graph.fillFuture(future, edge(future)),
      () => graph.seal(),
    ]
    for (const change of changes) {
      expect(change).toThrow(expect.objectContaining({ code: 'SAGE_SUBMITTED' }))
    }
    expect(graph.nodes).toHaveLength(1)
    expect(future.inputs).toEqual([])
  })
})
