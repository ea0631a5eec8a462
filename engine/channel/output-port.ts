import { describe, StreamError } from '../../codec/errors.ts'
import { type Key, keyGroup, keyHash } from '../../codec/key.ts'
import type { RecordScope } from '../../operators/contract/operator.ts'
import type { Partitioning } from '../graph/node.ts'
import type { OutputChannel } from './output-channel.ts'

/** Which channel takes the record at hand. */
type Deal = (scope: RecordScope) => number

/**
 * One subtask's end of an exchange: deals records to the channels of the receiving subtasks.
 * Only the sending thread calls.
 */
export class OutputPort {
  readonly channels: readonly OutputChannel[]
  readonly #scope: RecordScope
  readonly #deal: Deal
  readonly #broadcast: boolean

  /** @param routing - key group → receiving subtask, read by hash partitioning */
  constructor(
    channels: readonly OutputChannel[],
    partitioning: Partitioning,
    scope: RecordScope,
    routing: Uint16Array,
  ) {
    this.channels = channels
    this.#scope = scope
    this.#broadcast = partitioning.type === 'broadcast' && channels.length > 1
    this.#deal = dealFor(partitioning, channels.length, routing)
  }

  /**
   * Sends the record at hand; true when a ring that it goes to refuses, so that no further input should be taken.
   * Throws for a record or key that cannot be carried, or a partition that is none.
   */
  send(value: unknown): boolean {
    const scope = this.#scope
    if (this.#broadcast) return this.#sendToAll(value)
    const channel = this.channels[this.#deal(scope)]
    channel.append(value, scope)
    return channel.pressed
  }

  #sendToAll(value: unknown): boolean {
    for (const channel of this.channels) channel.append(value, this.#scope)
    return this.pressed
  }

  /** Sends on what has been gathered; true while no more should come. */
  flush(): boolean {
    for (const channel of this.channels) {
      if (channel.gathered > 0) channel.flush()
      if (channel.waiting) channel.drain()
    }
    return this.pressed
  }

  /** Promises all receivers that no record with a timestamp before `watermark` follows. */
  advance(watermark: number): void {
    for (const channel of this.channels) channel.advance(watermark)
  }

  /** Tells all receivers that time has come to its end; late records may follow. */
  endTime(): void {
    for (const channel of this.channels) channel.endTime()
  }

  /** Separates, for all receivers, what belongs to a checkpoint from what does not. */
  barrier(epoch: number): void {
    for (const channel of this.channels) channel.barrier(epoch)
  }

  /** Tells all receivers not to wait for this subtask's time until its next frame. */
  becomeIdle(): void {
    for (const channel of this.channels) channel.becomeIdle()
  }

  /** True while any ring refuses what is queued. */
  get pressed(): boolean {
    for (const channel of this.channels) if (channel.pressed) return true
    return false
  }

  /** True while anything is queued. */
  get waiting(): boolean {
    for (const channel of this.channels) if (channel.waiting) return true
    return false
  }

  /** For how long it may be pressed before its job fails, in ms. */
  get patienceMs(): number {
    return this.channels[0].patienceMs
  }

  end(): void {
    for (const channel of this.channels) channel.end()
  }
}

function dealFor(partitioning: Partitioning, receivers: number, routing: Uint16Array): Deal {
  if (receivers === 1) return () => 0
  switch (partitioning.type) {
    // A record without a key, emitted at the end of input, is no subtask's in particular: the first one's.
    case 'hash':
      return ({ key }) =>
        key === undefined ? 0 : routing[keyGroup(keyHash(key as Key), routing.length)]
    case 'custom':
      return ({ key }) =>
        key === undefined ? 0 : checkPartition(partitioning.partition(key, receivers), receivers)
    default: {
      // Round robin: from subtask 0, for each sender by itself.
      let next = 0
      return () => {
        const channel = next
        next = channel + 1 === receivers ? 0 : channel + 1
        return channel
      }
    }
  }
}

function checkPartition(index: unknown, receivers: number): number {
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < receivers)
    return index
  throw new StreamError(
    'SAGE_PARTITION',
    `partition: expected an integer from 0 to ${receivers - 1}, got ${describe(index)}`,
  )
}

/** Key group → subtask: contiguous ranges of groups, as even as they come (Flink's assignment). */
export function routingTable(maxParallelism: number, parallelism: number): Uint16Array {
  return Uint16Array.from({ length: maxParallelism }, (_, group) =>
    Math.floor((group * parallelism) / maxParallelism),
  )
}
