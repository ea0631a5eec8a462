import type { Operator } from '../../operators/contract/operator.ts'
import type { GraphNode } from '../graph/node.ts'
import type { ChainTime } from './chain-time.ts'

/** How far event time has come at an operator, on one subtask. Plain data. */
export interface NodeTime {
  /** The watermark that has come in; absent: none has. */
  readonly seen?: number
  /** Of an operator that assigns timestamps: what its generator has promised, and from which timestamps. */
  readonly made?: unknown
}

/**
 * An operator that event time passes, as a checkpoint sees it: without its time, a record that was late would be on time after a
 * restore, and a window that is gone would fire once more.
 */
export class TimedNode {
  readonly node: GraphNode
  readonly #operator: Operator
  /** Whose time it is that comes in here; undefined: that of another operator of the chain. */
  readonly #time: ChainTime | undefined

  constructor(node: GraphNode, operator: Operator, time: ChainTime | undefined) {
    this.node = node
    this.#operator = operator
    this.#time = time
  }

  /** Also where time has not begun: it holds back what others have seen. */
  snapshot(): NodeTime {
    const seen = this.#time?.incoming ?? Number.NEGATIVE_INFINITY
    const made = this.#operator.watermarks?.snapshot?.()
    return {
      ...(Number.isFinite(seen) ? { seen } : {}),
      ...(made === undefined ? {} : { made }),
    }
  }

  /**
   * Before the first step.
   *
   * @param all - of all subtasks of before, but those that had come to their end
   * @param own - of the one in this place, where there are as many as before
   */
  restore(all: readonly NodeTime[], own: NodeTime | undefined): void {
    const seen = (own === undefined ? all : [own]).map((one) => one.seen)
    // One that had seen nothing would have taken any record.
    if (!seen.includes(undefined)) this.#time?.restore(Math.min(...(seen as number[])))
    const made = all.flatMap((one) => (one.made === undefined ? [] : [one.made]))
    if (made.length > 0) this.#operator.watermarks?.restore?.(made, own?.made)
  }
}
