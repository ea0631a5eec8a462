import type { SourceSpec } from './item.ts'
import type { Random } from './random.ts'

/** A stage without state. */
export const STEPS = [
  'map',
  'filter',
  'double',
  'async',
  'rebalance',
  'hop',
  'diamond',
  'poison',
] as const
export type Step = (typeof STEPS)[number]

/** What is done per key. */
const KEYED = [
  'count',
  'tumbling',
  'sliding',
  'session',
  'reduceFinal',
  'timers',
  'delayed',
  'shared',
] as const
export type Keyed = (typeof KEYED)[number]

/** A program, its input, and what has to come of it. */
export interface Workload {
  readonly sources: readonly SourceSpec[]
  readonly steps: readonly Step[]
  /** Whether items are looked at by their key before, so that they cross twice. */
  readonly looksFirst: boolean
  readonly keyed: Keyed
  readonly sink: 'recallable' | 'final'
  /** Whether the sink has a parallelism of its own. */
  readonly hopsLast: boolean
}

/** Draws one. */
export function drawWorkload(random: Random): Workload {
  const sources = ['a', 'b', 'cc'].slice(0, random.pick([1, 1, 2, 3])).map((name) => ({
    name,
    counts: Array.from({ length: random.between(1, 4) }, () => random.pick([0, 3, 40, 80, 120])),
    keys: random.pick([1, 5, 12]),
  }))
  return {
    sources,
    steps: Array.from({ length: random.below(4) }, () => random.pick(STEPS)),
    looksFirst: random.chance(0.3),
    keyed: random.pick(KEYED),
    sink: random.pick(['recallable', 'final']),
    hopsLast: random.chance(0.3),
  }
}

/** Whether a stop that drains it shows the effect of exactly what the sources have handed out. */
export function isDrainable({ keyed }: Workload): boolean {
  return keyed === 'count' || keyed === 'shared'
}

/** In words. */
export function describeWorkload({ sources, steps, looksFirst, keyed, sink }: Workload): string {
  const inputs = sources.map(({ counts }) => counts.join('+')).join(', ')
  const stages = [...steps, ...(looksFirst ? ['unique'] : []), keyed]
  return `(${inputs}) → ${stages.join(' → ')} → ${sink} sink`
}
