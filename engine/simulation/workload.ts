import type { SourceSpec } from './item.ts'
import type { Random } from './random.ts'
import type { FileOptions } from './simulated-file-sink.ts'

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
  'held',
  'merge',
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

/** What is done per key with a second stream. */
export const TWO_INPUTS = ['join', 'interval', 'rules'] as const
export type TwoInputs = (typeof TWO_INPUTS)[number]

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
  ...TWO_INPUTS,
] as const
export type Keyed = (typeof KEYED)[number]

const FED = ['replayed', 'replayed', 'lossy'] as const

/** What does not ask when items have happened: what comes out of a loop, was held or is pushed again, may be late. */
const UNTIMED: readonly Keyed[] = ['count', 'reduceFinal', 'delayed', 'shared', 'join', 'rules']

/** A program, its input, and what has to come of it. */
export interface Workload {
  readonly sources: readonly SourceSpec[]
  /** What comes in beside these, for steps and stages of two inputs. */
  readonly aside: SourceSpec
  readonly steps: readonly Step[]
  /** Whether items are looked at by their key before, so that they cross twice. */
  readonly looksFirst: boolean
  readonly keyed: Keyed
  readonly sink: 'recallable' | 'final' | 'files'
  /** How those of files write them. */
  readonly files: FileOptions
  /** Whether the sink has a parallelism of its own. */
  readonly hopsLast: boolean
  /** Whether the main thread reads an output of the same rows, too. */
  readonly isRead: boolean
}

/** Draws one. */
export function drawWorkload(random: Random): Workload {
  const steps: Step[] = Array.from({ length: random.below(4) }, () => random.pick(STEPS)).filter(
    (step, i, all) => step !== 'merge' || all.indexOf(step) === i,
  )
  const loops = random.pick([0, 0, 0, 1, 1, 2])
  for (let i = 0; i < loops; i++) {
    const loop = random.pick(LOOPS)
    // What grows twice keeps a simulation busy for too long.
    const grows = loop === 'growing loop' && steps.includes(loop)
    steps.splice(random.below(steps.length + 1), 0, grows ? 'loop' : loop)
  }
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
  const isLossy = fed.some((source) => source.fed === 'lossy')
  const isUntimed = loops > 0 || steps.includes('held') || isLossy
  const keyed = random.pick(isUntimed ? UNTIMED : KEYED)
  const isInOrder = keyed === 'rules'
  // Loops and pairs make many rows.
  const isMuch = loops > 0 || keyed === 'join'
  const aside = {
    name: 'side',
    counts: Array.from({ length: isInOrder ? 1 : random.between(1, 3) }, () =>
      random.pick(isInOrder ? [3, 40, 80] : [0, 3, 10, 20]),
    ),
    keys: random.pick([1, 5, 12]),
  }
  return {
    sources: fed,
    aside,
    steps,
    looksFirst: random.chance(0.3),
    keyed,
    sink: random.pick(['recallable', 'final', 'files', 'files']),
    files: {
      format: random.pick(['lines', 'json', 'csv']),
      rollBytes: random.pick([Number.POSITIVE_INFINITY, ...(isMuch ? [1000] : [200, 30])]),
      rollMs: random.pick([Number.POSITIVE_INFINITY, ...(isMuch ? [] : [100])]),
      divides: random.chance(0.4),
    },
    hopsLast: random.chance(0.3),
    isRead: random.chance(0.3),
  }
}

/** Whether a stop that drains it shows the effect of exactly what the sources have handed out. */
export function isDrainable({ keyed }: Workload): boolean {
  return ['count', 'shared', 'join', 'rules'].includes(keyed)
}

export function hasTwoInputs(keyed: Keyed): keyed is TwoInputs {
  return (TWO_INPUTS as readonly Keyed[]).includes(keyed)
}

/** Whether the program has the stream that comes in beside the others. */
export function hasAside({ keyed, steps }: Workload): boolean {
  return hasTwoInputs(keyed) || steps.includes('merge')
}

export function isLoop(step: Step): step is LoopStep {
  return (LOOPS as readonly Step[]).includes(step)
}

/** In words. */
export function describeWorkload(workload: Workload): string {
  const { sources, aside, steps, looksFirst, keyed, sink, files, isRead } = workload
  const inputs = sources
    .map(({ counts, fed }) => `${counts.join('+')}${fed === undefined ? '' : ` pushed, ${fed}`}`)
    .join(', ')
  const beside = hasAside(workload) ? ` beside ${aside.counts.join('+')}` : ''
  const stages = [...steps, ...(looksFirst ? ['unique'] : []), keyed]
  const end = sink === 'files' ? describeFiles(files) : `${sink} sink`
  return `(${inputs}${beside}) → ${stages.join(' → ')} → ${end}${isRead ? ', read' : ''}`
}

function describeFiles({ format, rollBytes, rollMs, divides }: FileOptions): string {
  const rolls = [
    ...(rollBytes < Infinity ? [`${rollBytes} bytes`] : []),
    ...(rollMs < Infinity ? [`${rollMs} ms`] : []),
  ]
  const ends = rolls.length > 0 ? ` of ${rolls.join(' or ')}` : ''
  return `${format} files${ends}${divides ? ' in folders' : ''}`
}
