import { isMainThread } from 'node:worker_threads'
import type { Logger } from '../../operators/contract/logger.ts'
import type { Graph } from '../graph/graph.ts'
import type { GraphNode } from '../graph/node.ts'

/** A script's environment, as far as it concerns what its author may have forgotten. */
export interface Unsubmitted {
  readonly name: string
  readonly graph: Graph
  /** Where to tell of it. */
  readonly warnings: Pick<Logger, 'warning'>
}

/** The environments that have not been submitted, by name. Weak: one that nobody has any more was given up. */
const waiting = new Map<string, WeakRef<Unsubmitted>>()

/**
 * An environment was constructed. If the process ends well and it has a sink or an output by then, but was never submitted nor closed, its author is
 * told: else a script without its last line ends as if all were done.
 */
export function expectSubmit(environment: Unsubmitted): void {
  if (!isMainThread) return
  if (waiting.size === 0) process.once('exit', warnOfAll)
  waiting.set(environment.name, new WeakRef(environment))
}

/** It was submitted, or closed. */
export function settleSubmit(environment: Unsubmitted): void {
  if (waiting.get(environment.name)?.deref() !== environment) return
  waiting.delete(environment.name)
  if (waiting.size === 0) process.off('exit', warnOfAll)
}

function warnOfAll(code: number): void {
  // What has failed before `submit` has been told already.
  if (code !== 0) return
  for (const reference of waiting.values()) {
    const environment = reference.deref()
    if (environment?.graph.nodes.some(hasEffect)) {
      const { name, warnings } = environment
      warnings.warning(
        `environment '${name}': it was never submitted, so none of its operators has run; call env.submit()`,
      )
    }
  }
}

/** Whether anybody was to see the records that come here. */
function hasEffect({ body }: GraphNode): boolean {
  return body.type === 'output' || (body.type === 'operator' && body.factory.shape === 'sink')
}
