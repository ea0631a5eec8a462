import { describe, expect, it } from 'vitest'
import { generalCodec } from '../../codec/general-codec.ts'
import { describeGraph, firstDifference } from './fingerprint.ts'
import { Graph, type NodeSpec } from './graph.ts'
import type { GraphEdge, GraphNode, NodeBody, Partitioning } from './node.ts'

const withText = { sourceText: true }
const withoutText = { sourceText: false }

function operator(fn: Function): NodeBody {
  return {
    type: 'operator',
    factory: { shape: 'map', functions: [fn], create: () => ({ call: () => {} }) },
  }
}

function edge(from: GraphNode, more: Partial<GraphEdge> = {}): GraphEdge {
  const partitioning: Partitioning = { type: 'forward' }
  const codec = generalCodec
  const rest = { input: 0, codec, keyed: false, exchange: false, keying: undefined }
  return { from, port: 'main', partitioning, ...rest, ...more }
}

/** createStream -> map, the map as `spec` and `wiring` change it. */
function build(spec: Partial<NodeSpec> = {}, wiring: Partial<GraphEdge> = {}): Graph {
  const graph = new Graph()
  const body: NodeBody = { type: 'input', capacity: 8, codec: generalCodec }
  const input = graph.add({ kind: 'createStream', name: 'in', body, inputs: [] })
  const inputs = [edge(input, wiring)]
  graph.add({ kind: 'map', name: 'map', body: operator((x: number) => x + 1), inputs, ...spec })
  return graph
}

describe('fingerprint', () => {
  it('describes a node in a line', () => {
    const spec = { uid: 'u', parallelism: 2, errors: 'skip', options: { a: [1n, 'x'] } } as const
    const graph = build(spec, { keyed: true, exchange: true, partitioning: { type: 'hash' } })
    expect(describeGraph(graph, withoutText)).toEqual([
      "createStream 'in' input(8, general)",
      `map 'map' map uid="u" parallelism=2 errors="skip" options={a: [1n, "x"]} <0:#0 hash general keyed exchange {…}`,
    ])
    expect(describeGraph(build(), withText)[1]).toContain('{(x) => x + 1}')
  })

  it('is equal for graphs built alike, and tells captured values not apart', () => {
    const add = (n: number) => build({ body: operator((x: number) => x + n) })
    expect(describeGraph(add(1), withText)).toEqual(describeGraph(add(2), withText))
  })

  it('differs for every part that counts', () => {
    const custom = { type: 'custom', partition: (_key: number, n: number) => n - 1 } as const
    const graphs = [
      build(),
      build({ kind: 'filter' }),
      build({ name: 'other' }),
      build({ uid: 'u' }),
      build({ parallelism: 2 }),
      build({ scales: true }),
      build({ errors: { retry: 1 } }),
      build({ options: { prefix: 'a' } }),
      build({ options: { prefix: 'b' } }),
      build({}, { partitioning: { type: 'rebalance' } }),
      build({}, { partitioning: custom }),
      build({}, { keying: { type: 'hash' } }),
      build({}, { port: 'tag:late' }),
      build({}, { input: 1 }),
      build({}, { keyed: true }),
      build({}, { exchange: true }),
      build({}, { codec: { ...generalCodec, id: 'schema' } }),
      build({ body: { type: 'output', capacity: 8 } }),
    ]
    const prints = graphs.map((graph) => describeGraph(graph, withoutText).join('\n'))
    expect(new Set(prints).size).toBe(graphs.length)
  })

  it('compares source text only where asked', () => {
    const other = build({ body: operator((x: number) => x * 2) })
    expect(describeGraph(other, withText)).not.toEqual(describeGraph(build(), withText))
    expect(describeGraph(other, withoutText)).toEqual(describeGraph(build(), withoutText))
  })

  it('takes what cannot be compared by its kind', () => {
    class Settings {
      at = Math.random()
    }
    const options = () => ({
      fn: () => 1,
      settings: new Settings(),
      at: new Date(5),
      none: undefined,
    })
    const [, line] = describeGraph(build({ options: options() }), withoutText)
    expect(line).toContain('options={fn: function, settings: Settings, at: Date 5}')
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    expect(() => describeGraph(build({ options: cyclic }), withoutText)).not.toThrow()
  })
})

describe('firstDifference', () => {
  it('names the first line that differs, or is missing', () => {
    expect(firstDifference(['a', 'b'], ['a', 'b'])).toBeUndefined()
    expect(firstDifference(['a', 'b'], ['a', 'c'])).toBe('operator 1: expected b, got c')
    expect(firstDifference(['a'], ['a', 'c'])).toBe('operator 1: expected none, got c')
  })
})
