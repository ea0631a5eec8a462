import { describe, expect, it } from 'vitest'
import { type ExplainedPlan, type ExplainFormat, explain } from './explain.ts'

const plan: ExplainedPlan = {
  name: 'word "count"',
  chains: [
    {
      id: 0,
      parallelism: 1,
      threads: [0],
      nodes: [
        { id: 0, name: 'lines', kind: 'fromCollection' },
        { id: 1, name: 'keyBy', kind: 'keyBy' },
      ],
    },
    { id: 1, parallelism: 2, nodes: [{ id: 2, name: 'a"b[c]', kind: 'reduce' }] },
  ],
  edges: [
    { fromNode: 0, toNode: 1, partitioning: 'forward', exchange: false },
    { fromNode: 1, toNode: 2, partitioning: 'hash', exchange: true, codec: 'general' },
  ],
  memoryBytes: 1_500_000,
  stateBytes: 65_536,
  threads: 2,
}

describe('explain', () => {
  it('writes text', () => {
    expect(explain(plan)).toBe(
      [
        `job 'word "count"': 2 chains, 3 subtasks, 2 threads, 1465 KiB of shared memory, and 64 KiB for shared state`,
        'chain 0: parallelism 1, threads 0',
        '  #0 lines (fromCollection)',
        '    -> #1 fused',
        '  #1 keyBy',
        '    => #2 hash, codec general',
        'chain 1: parallelism 2',
        '  #2 a"b[c] (reduce)',
      ].join('\n'),
    )
  })

  it('draws Mermaid, with names as entities where they could be syntax', () => {
    expect(explain(plan, 'mermaid')).toBe(
      [
        'flowchart LR',
        '  subgraph c0["chain 0 x1"]',
        '    n0["lines (fromCollection)"]',
        '    n1["keyBy"]',
        '  end',
        '  subgraph c1["chain 1 x2"]',
        '    n2["a#34;b#91;c#93; (reduce)"]',
        '  end',
        '  n0 --> n1',
        '  n1 ==>|hash| n2',
      ].join('\n'),
    )
  })

  it('draws DOT, with quotes escaped', () => {
    expect(explain(plan, 'dot')).toBe(
      [
        'digraph "word \\"count\\"" {',
        '  rankdir=LR',
        '  node [shape=box]',
        '  subgraph cluster_0 {',
        '    label="chain 0 x1"',
        '    n0 [label="lines (fromCollection)"]',
        '    n1 [label="keyBy"]',
        '  }',
        '  subgraph cluster_1 {',
        '    label="chain 1 x2"',
        '    n2 [label="a\\"b[c] (reduce)"]',
        '  }',
        '  n0 -> n1',
        '  n1 -> n2 [label="hash", style=bold]',
        '}',
      ].join('\n'),
    )
  })

  it('refuses another format', () => {
    expect(() => explain(plan, 'svg' as ExplainFormat)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION' }),
    )
  })
})
