import { describe, StreamError } from '../../codec/errors.ts'

/** One operator as `explain` shows it. */
export interface ExplainedNode {
  readonly id: number
  readonly name: string
  readonly kind: string
}

/** One chain: operators that run fused, once on each of its subtasks. */
export interface ExplainedChain {
  readonly id: number
  readonly parallelism: number
  readonly nodes: readonly ExplainedNode[]
  /** The thread of each subtask. */
  readonly threads?: readonly number[]
}

/** The way from one operator to the next. */
export interface ExplainedEdge {
  readonly fromNode: number
  readonly toNode: number
  readonly partitioning: string
  /** Whether records cross rings here; else the edge is a call. */
  readonly exchange: boolean
  readonly codec?: string
}

/** A physical plan, reduced to what a reader wants to see. */
export interface ExplainedPlan {
  readonly name: string
  readonly chains: readonly ExplainedChain[]
  readonly edges: readonly ExplainedEdge[]
  /** Shared memory of its rings and counters. */
  readonly memoryBytes: number
  /** Shared memory of its stores (`StreamState`): reserved, used as they fill. */
  readonly stateBytes: number
  readonly threads: number
}

/** `'text'` for a terminal, `'mermaid'` and `'dot'` (Graphviz) for pictures. */
export type ExplainFormat = 'text' | 'mermaid' | 'dot'

/** Draws a plan. Throws `SAGE_OPTION` for a format that there is not. */
export function explain(plan: ExplainedPlan, format: ExplainFormat = 'text'): string {
  switch (format) {
    case 'text':
      return asText(plan)
    case 'mermaid':
      return asMermaid(plan)
    case 'dot':
      return asDot(plan)
    default:
      throw new StreamError(
        'SAGE_OPTION',
        `explain: expected 'text', 'mermaid' or 'dot', got ${describe(format)}`,
      )
  }
}

function asText(plan: ExplainedPlan): string {
  const subtasks = plan.chains.reduce((sum, chain) => sum + chain.parallelism, 0)
  const lines = [
    `job '${plan.name}': ${count(plan.chains.length, 'chain')}, ${count(subtasks, 'subtask')}, ` +
      `${count(plan.threads, 'thread')}, ${kibibytes(plan.memoryBytes)} of shared memory, and ${kibibytes(plan.stateBytes)} for shared state`,
  ]
  for (const chain of plan.chains) {
    const threads = chain.threads === undefined ? '' : `, threads ${chain.threads.join(' ')}`
    lines.push(`chain ${chain.id}: parallelism ${chain.parallelism}${threads}`)
    for (const node of chain.nodes) {
      lines.push(`  #${node.id} ${label(node)}`)
      for (const edge of plan.edges) if (edge.fromNode === node.id) lines.push(`    ${arrow(edge)}`)
    }
  }
  return lines.join('\n')
}

function arrow(edge: ExplainedEdge): string {
  if (!edge.exchange) return `-> #${edge.toNode} fused`
  const codec = edge.codec === undefined ? '' : `, codec ${edge.codec}`
  return `=> #${edge.toNode} ${edge.partitioning}${codec}`
}

function asMermaid(plan: ExplainedPlan): string {
  const lines = ['flowchart LR']
  for (const chain of plan.chains) {
    lines.push(`  subgraph c${chain.id}["${chainTitle(chain)}"]`)
    for (const node of chain.nodes) lines.push(`    n${node.id}["${mermaidText(label(node))}"]`)
    lines.push('  end')
  }
  for (const { fromNode, toNode, exchange, partitioning } of plan.edges) {
    lines.push(
      `  n${fromNode} ${exchange ? `==>|${mermaidText(partitioning)}|` : '-->'} n${toNode}`,
    )
  }
  return lines.join('\n')
}

function asDot(plan: ExplainedPlan): string {
  const lines = [`digraph ${dotText(plan.name)} {`, '  rankdir=LR', '  node [shape=box]']
  for (const chain of plan.chains) {
    lines.push(`  subgraph cluster_${chain.id} {`, `    label=${dotText(chainTitle(chain))}`)
    for (const node of chain.nodes) lines.push(`    n${node.id} [label=${dotText(label(node))}]`)
    lines.push('  }')
  }
  for (const { fromNode, toNode, exchange, partitioning } of plan.edges) {
    const style = exchange ? ` [label=${dotText(partitioning)}, style=bold]` : ''
    lines.push(`  n${fromNode} -> n${toNode}${style}`)
  }
  lines.push('}')
  return lines.join('\n')
}

/** The name, and the kind where the name does not say it. */
function label(node: ExplainedNode): string {
  return node.name === node.kind ? node.name : `${node.name} (${node.kind})`
}

function chainTitle(chain: ExplainedChain): string {
  return `chain ${chain.id} x${chain.parallelism}`
}

/**
 * Mermaid reads HTML-like entities with `#` in place of `&`; anything but plain characters goes as
 * one.
 */
function mermaidText(text: string): string {
  return text.replace(/[^\w .,:()/-]/gu, (char) => `#${char.codePointAt(0)};`)
}

function dotText(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function kibibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`
}
