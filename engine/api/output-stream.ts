import type { GraphNode } from '../graph/node.ts'
import { readEndOf } from './ends.ts'

/**
 * Where the main thread reads what a stream emits: `for await`, or `toArray()`. Read once
 * (`SAGE_OUTPUT_READ`); one that nobody reads fills up and stalls the job, which a warning says with its name. Leaving the
 * loop early drops and counts what follows: the job goes on. When the job fails, its error is thrown behind what
 * had arrived. However fast records arrive, timers and sockets get their turns.
 */
export class OutputStream<T = any> implements AsyncIterable<T> {
  readonly name: string
  /** @internal */
  readonly node: GraphNode

  /** @hidden Made by `stream.output(name)`. */
  constructor(name: string, node: GraphNode) {
    this.name = name
    this.node = node
  }

  /** The records, as they arrive. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return readEndOf(this.node).iterate()
  }

  /** Everything from here to the end of the job. */
  async toArray(): Promise<T[]> {
    return readEndOf(this.node).toArray()
  }
}
