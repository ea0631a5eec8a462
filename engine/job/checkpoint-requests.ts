import type { StreamError } from '../../codec/errors.ts'
import type { CheckpointInfo, CheckpointRequest } from '../thread/control.ts'

interface Waiting {
  readonly resolve: (info: CheckpointInfo) => void
  readonly reject: (error: StreamError) => void
}

/** The checkpoints that were asked for and not answered yet. */
export class CheckpointRequests {
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0

  /** Asks by `post`; settles with the answer. */
  ask(
    wanted: Omit<CheckpointRequest, 'id'>,
    post: (request: CheckpointRequest) => void,
  ): Promise<CheckpointInfo> {
    const id = ++this.#asked
    const { promise, resolve, reject } = Promise.withResolvers<CheckpointInfo>()
    this.#waiting.set(id, { resolve, reject })
    post({ ...wanted, id })
    return promise
  }

  answer(requests: readonly number[], info: CheckpointInfo): void {
    for (const id of requests) this.#take(id)?.resolve(info)
  }

  refuse(requests: readonly number[], error: StreamError): void {
    for (const id of requests) this.#take(id)?.reject(error)
  }

  /** The job has ended: nothing is answered any more. */
  close(error: StreamError): void {
    this.refuse([...this.#waiting.keys()], error)
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}
