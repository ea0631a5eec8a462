import { generalCodec } from '../../codec/general-codec.ts'
import type { FrameOptions, RecordCodec } from '../../codec/record-codec.ts'
import type { MemoryPlan } from '../graph/memory-plan.ts'
import type { Exchange, Plan } from '../graph/plan.ts'

/** How the records of an exchange travel. Partial results of a combiner are no records of the stream's schema. */
export function codecOf(exchange: Exchange): RecordCodec {
  if (exchange.combiner !== undefined) return generalCodec
  const { body } = exchange.from
  if (exchange.edge !== undefined) return exchange.edge.codec
  return body.type === 'input' ? body.codec : generalCodec
}

/** What the frames of an exchange carry; the same on both of its sides. */
export function frameOptions(exchange: Exchange, memory: MemoryPlan, plan: Plan): FrameOptions {
  // The main thread neither gives nor asks for timestamps.
  const inside = exchange.fromChain !== undefined && exchange.toChain !== undefined
  return {
    frameBytes: memory.frameBytes,
    keyed: exchange.edge?.keyed ?? false,
    timestamped: inside && plan.timestamped[exchange.from.id],
  }
}
