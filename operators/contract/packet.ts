/** How a packet's key is dealt to subtasks: the strategies of `keyBy`. */
export type PartitionStrategy = 'hash' | 'round_robin' | 'broadcast' | 'custom'

/** Nanoseconds since the epoch. A double is exact to about a quarter of a microsecond there. */
function nanosecondsNow(): number {
  return (performance.timeOrigin + performance.now()) * 1e6
}

/**
 * A record together with what travels with it. The engine keeps these in the context and in the
 * columns of a frame; a `Packet` is made only for those who ask for one.
 */
export class Packet<T = any> {
  readonly payload: T
  /** Which input of the receiving operator it came through. */
  readonly inputIndex: number
  /** The record's key; undefined while it has none. */
  readonly partitionKey: unknown
  readonly partitionStrategy: PartitionStrategy | undefined
  /** Nanoseconds since the epoch: the moment of creation, unless given. */
  timestamp: number

  constructor(
    payload: T,
    inputIndex = 0,
    partitionKey?: unknown,
    partitionStrategy?: PartitionStrategy,
    timestamp = nanosecondsNow(),
  ) {
    this.payload = payload
    this.inputIndex = inputIndex
    this.partitionKey = partitionKey ?? undefined
    this.partitionStrategy = partitionStrategy
    this.timestamp = timestamp
  }

  /** Whether it has a key. */
  isKeyed(): boolean {
    return this.partitionKey !== undefined
  }

  /** A new packet, created now, with another payload and this one's input, key and strategy. */
  inheritPartitionInfo<R>(payload: R): Packet<R> {
    return new Packet(payload, this.inputIndex, this.partitionKey, this.partitionStrategy)
  }

  /**
   * A new packet, created now, with this one's payload and input under another key; its strategy
   * too, where none is given.
   */
  updateKey(key: unknown, strategy = this.partitionStrategy): Packet<T> {
    return new Packet(this.payload, this.inputIndex, key, strategy)
  }

  /** The same packet again, its timestamp included. The payload is shared. */
  copy(): Packet<T> {
    const { payload, inputIndex, partitionKey, partitionStrategy, timestamp } = this
    return new Packet(payload, inputIndex, partitionKey, partitionStrategy, timestamp)
  }

  /**
   * Whether `other` carries the same payload and key the same way; when it was created does not
   * matter.
   */
  equals(other: Packet): boolean {
    return (
      this.payload === other.payload &&
      this.inputIndex === other.inputIndex &&
      this.partitionKey === other.partitionKey &&
      this.partitionStrategy === other.partitionStrategy
    )
  }
}

/** What a source may return at its end, in place of `null`. */
export class StopSignal {
  readonly message: string
  /** The same as `message`. */
  readonly name: string
  /** Who ends; `message`, unless given. */
  readonly source: string
  readonly payload: unknown
  /** Nanoseconds since the epoch. */
  readonly timestamp: number

  constructor(message: string, source = message, payload?: unknown) {
    this.message = message
    this.name = message
    this.source = source
    this.payload = payload
    this.timestamp = nanosecondsNow()
  }
}
