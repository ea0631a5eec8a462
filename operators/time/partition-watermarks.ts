import type { WatermarkGenerator } from '../contract/operator.ts'
import type { WatermarkStrategy } from './watermark-strategy.ts'

const NEVER = Number.NEGATIVE_INFINITY

interface PartitionTime {
  readonly name: string
  highest: number
  idle: boolean
  /** When it was first found to have nothing since its last record, in ms of the job's clock; NaN: it was not. */
  quietSince: number
}

/**
 * The watermark of one subtask: the minimum over its partitions that are neither ended nor idle. It never falls: a
 * partition that comes back from being idle with older records brings late ones.
 */
export class PartitionWatermarks implements WatermarkGenerator {
  readonly #strategy: WatermarkStrategy
  readonly #partitions: PartitionTime[] = []
  #current: PartitionTime | undefined
  #awaiting = false
  highest = NEVER
  watermark = NEVER

  constructor(strategy: WatermarkStrategy) {
    this.#strategy = strategy
  }

  get awaiting(): boolean {
    return this.#awaiting
  }

  set awaiting(awaiting: boolean) {
    if (awaiting === this.#awaiting) return
    this.#awaiting = awaiting
    this.#update()
  }

  get idle(): boolean {
    if (this.#awaiting || this.#partitions.length === 0) return false
    return this.#partitions.every(({ idle }) => idle)
  }

  get idleAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const { quietSince, idle } of this.#partitions) {
      if (!idle && !Number.isNaN(quietSince)) {
        at = Math.min(at, quietSince + this.#strategy.idlenessMs)
      }
    }
    return at
  }

  raise(timestamp: number): void {
    this.#current ??= this.#add('')
    this.highest = timestamp
    this.#current.highest = timestamp
    if (this.#partitions.length > 1 || this.#awaiting) this.#update()
    else this.#promise(timestamp - this.#strategy.outOfOrdernessMs)
  }

  select(partition: string): void {
    const current = this.#current
    if (current === undefined || current.name !== partition) this.#turnTo(partition)
    else if (current.idle || !Number.isNaN(current.quietSince)) this.#awake(current)
  }

  end(partition: string): void {
    const index = this.#partitions.findIndex(({ name }) => name === partition)
    if (index === -1) return
    const [ended] = this.#partitions.splice(index, 1)
    if (ended === this.#current) this.#current = undefined
    // What it has promised still holds when it was the last.
    if (this.#partitions.length > 0) this.#update()
  }

  quiet(partition: string, now: number): void {
    if (this.#strategy.idlenessMs === Number.POSITIVE_INFINITY) return
    // One of which nothing has come yet is idle, too, when that has lasted so long.
    const found = this.#partitions.find(({ name }) => name === partition) ?? this.#add(partition)
    if (Number.isNaN(found.quietSince)) found.quietSince = now
    if (found.idle || now - found.quietSince < this.#strategy.idlenessMs) return
    found.idle = true
    this.#update()
  }

  pressed(): void {
    for (const partition of this.#partitions) partition.quietSince = Number.NaN
  }

  #turnTo(partition: string): void {
    const found = this.#partitions.find(({ name }) => name === partition) ?? this.#add(partition)
    this.#current = found
    this.highest = found.highest
    this.#awake(found)
  }

  #awake(partition: PartitionTime): void {
    partition.quietSince = Number.NaN
    partition.idle = false
  }

  #add(name: string): PartitionTime {
    const added = { name, highest: NEVER, idle: false, quietSince: Number.NaN }
    this.#partitions.push(added)
    return added
  }

  #update(): void {
    if (this.#awaiting) return
    let least = Number.POSITIVE_INFINITY
    for (const { highest, idle } of this.#partitions) if (!idle && highest < least) least = highest
    if (least < Number.POSITIVE_INFINITY) this.#promise(least - this.#strategy.outOfOrdernessMs)
  }

  #promise(watermark: number): void {
    if (watermark > this.watermark) this.watermark = watermark
  }
}
