import type { SourceSpec } from './item.ts'
import type { Random } from './random.ts'

/** How parallel an operator is in one life, by its name. */
export type Shape = (operator: string) => number

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

/** Feedback loops, with state for each key inside. */
export const LOOPS = [
  'loop',
  'growing loop',
  'loop that waits',
  'loop with calls',
  'loop in a loop',
] as const
export type LoopStep = (typeof LOOPS)[number]
export type Step = (typeof STEPS)[number] | LoopStep

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

const FED = ['replayed', 'replayed', 'lossy'] as const

/** What does not ask when items have happened: what comes out of a loop, or is pushed again, may be late. */
const UNTIMED: readonly Keyed[] = ['count', 'reduceFinal', 'delayed', 'shared']

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
  /** Whether the main thread reads an output of the same rows, too. */
  readonly isRead: boolean
}

/** Draws one. */
export function drawWorkload(random: Random): Workload {
  const steps: Step[] = Array.from({ length: random.below(4) }, () => random.pick(STEPS))
  const loops = random.pick([0, 0, 0, 1, 1, 2])
  for (let i = 0; i < loops; i++)
    steps.splice(random.below(steps.length + 1), 0, random.pick(LOOPS))
  const sources = ['a', 'b', 'cc'].slice(0, random.pick([1, 1, 2, 3])).map((name) => ({
    name,
    counts: Array.from({ length: random.between(1, 4) }, () =>
      random.pick(loops > 0 ? [0, 3, 20, 40] : [0, 3, 40, 80, 120]),
    ),
    keys: random.pick([1, 5, 12]),
  }))
  const fed = sources.map((source): SourceSpec => {
    if (random.chance(0.7)) return source
    return { ...source, counts: source.counts.slice(0, 1), fed: random.pick(FED) }
  })
  // What was lost is pushed again, behind what has come after it.
  const isUntimed = loops > 0 || fed.some((source) => source.fed === 'lossy')
  return {
    sources: fed,
    steps,
    looksFirst: random.chance(0.3),
    keyed: random.pick(isUntimed ? UNTIMED : KEYED),
    sink: random.pick(['recallable', 'final']),
    hopsLast: random.chance(0.3),
    isRead: random.chance(0.3),
  }
}

/** Whether a stop that drains it shows the effect of exactly what the sources have handed out. */
export function isDrainable({ keyed }: Workload): boolean {
  return keyed === 'count' || keyed === 'shared'
}

export function isLoop(step: Step): step is LoopStep {
  return (LOOPS as readonly Step[]).includes(step)
}

/** In words. */
export function describeWorkload(workload: Workload): string {
  const { sources, steps, looksFirst, keyed, sink, isRead } = workload
  const inputs = sources
    .map(({ counts, fed }) => `${counts.join('+')}${fed === undefined ? '' : ` pushed, ${fed}`}`)
    .join(', ')
  const stages = [...steps, ...(looksFirst ? ['unique'] : []), keyed]
  return `(${inputs}) → ${stages.join(' → ')} → ${sink} sink${isRead ? ', read' : ''}`
}
