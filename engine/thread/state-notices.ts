import { StreamError } from '../../codec/errors.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { PartFacts, StateKind } from '../checkpoint/state-model.ts'
import type { GraphNode } from '../graph/node.ts'
import { stateId } from '../graph/state-id.ts'
import type { TaskCut } from '../task/task-cut.ts'

/** What belongs to an operator, and not to a source, to a channel or to all subtasks. */
const OF_OPERATORS: ReadonlySet<StateKind> = new Set(['keyed', 'timers', 'operator', 'sink'])

/** Ids of the nodes that keep state, as far as that shows before the first record. */
export function nodesWithState(cuts: readonly TaskCut[]): number[] {
  const found = cuts.flatMap(({ operators }) =>
    operators.filter(
      ({ operator, keyed }) =>
        keyed.used || operator.prepare !== undefined || operator.snapshot !== undefined,
    ),
  )
  return [...new Set(found.map(({ node }) => node.id))]
}

/** Tells the users of a job with checkpoints which of its operators a changed program could not find the state of. */
export class StateNotices {
  readonly #nodes: readonly GraphNode[]
  readonly #warn: (message: string) => void
  readonly #told = new Set<number>()

  constructor(nodes: readonly GraphNode[], warn: (message: string) => void) {
    this.#nodes = nodes
    this.#warn = warn
  }

  /** A worker has written its part: whose state stands in it, be it that a function has first asked for some meanwhile. */
  taken({ sections }: PartFacts): void {
    const written = new Set(
      sections.filter(({ kind }) => OF_OPERATORS.has(kind)).map(({ operator }) => operator),
    )
    this.keeping(this.#nodes.filter((node) => written.has(stateId(node))).map(({ id }) => id))
  }

  /** These nodes keep state: those without uid are warned about, each once. */
  keeping(ids: Iterable<number>): void {
    const unnamed = [...new Set(ids)]
      .filter((id) => this.#nodes[id].uid === undefined && !this.#told.has(id))
      .sort((a, b) => a - b)
    if (unnamed.length === 0) return
    for (const id of unnamed) this.#told.add(id)
    this.#warn(
      `operators that keep state have no uid: ${this.#list(unnamed)}; a changed program may not find it in checkpoints`,
    )
  }

  /**
   * The job begins from a checkpoint: operators that keep state, and are not in it, begin without.
   *
   * @throws StreamError `SAGE_CHECKPOINT_INCOMPATIBLE`: unless that is allowed
   */
  compare(ids: Iterable<number>, { epoch, operators }: Manifest, allowed: boolean): void {
    const known = new Set(operators.map(({ uid }) => uid))
    const fresh = [...new Set(ids)].filter((id) => !known.has(stateId(this.#nodes[id])))
    if (fresh.length === 0) return
    const what = `checkpoint ${epoch}: there is no state of these operators: ${this.#list(fresh.sort((a, b) => a - b))}`
    if (!allowed) {
      const hint = 'checkpoint.allow.newState would have them begin without'
      throw new StreamError('SAGE_CHECKPOINT_INCOMPATIBLE', `${what} (${hint})`)
    }
    this.#warn(`${what}; they begin without`)
  }

  #list(ids: readonly number[]): string {
    return ids.map((id) => `'${this.#nodes[id].name}'`).join(', ')
  }
}
