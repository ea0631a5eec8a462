import type { RecordCodec } from '../../codec/record-codec.ts'
import { codecOf, frameOptions } from '../channel/exchange-frames.ts'
import { InputChannel } from '../channel/input-channel.ts'
import { OutputChannel } from '../channel/output-channel.ts'
import { OutputPort, routingTable } from '../channel/output-port.ts'
import type { Exchange } from '../graph/plan.ts'
import { Doorbell } from '../ring/doorbell.ts'
import { RingReader } from '../ring/reader.ts'
import { RingWriter } from '../ring/writer.ts'
import type { EntryViews } from './chain-model.ts'
import type { LoopMember } from './loop-member.ts'
import { rowOf, type TaskSite } from './workshop.ts'

/** This subtask's end of an exchange that leads from it. */
export function outputPort(site: TaskSite, exchange: Exchange, member?: LoopMember): OutputPort {
  const { shop, subtask, state } = site
  const { memory, maxParallelism, arena, plan } = shop
  const channels = othersOf(site, exchange.pairwise, exchange.receivers).map((receiver) => {
    const offset = memory.ring(exchange.id, subtask, receiver)
    const writer = codecOf(exchange).createWriter(frameOptions(exchange, memory, plan))
    return new OutputChannel(
      writer,
      new RingWriter(arena, offset),
      bellOf(site, exchange.toChain?.threads[receiver]),
      rowOf(site, memory.linkRow(exchange.id, subtask, receiver)),
      exchange.edge?.backpressure,
      exchange.feedback ? member!.spill : undefined,
    )
  })
  const routing = routingTable(maxParallelism, exchange.receivers)
  return new OutputPort(channels, exchange.partitioning, state.scope, routing)
}

/** This subtask's ends of an exchange that leads to it: one for each sender. */
export function inputChannels(
  site: TaskSite,
  exchange: Exchange,
  views: EntryViews | undefined,
  member?: LoopMember,
): InputChannel[] {
  const { shop, subtask } = site
  const { memory, arena, plan } = shop
  const codec = codecOf(exchange)
  const cursor = views?.type === 'in-place' ? views.cursor : undefined
  const readerOf = (some: Pick<RecordCodec, 'createReader'>) =>
    some.createReader(frameOptions(exchange, memory, plan))
  return othersOf(site, exchange.pairwise, exchange.senders).map((sender) => {
    const reader = readerOf(cursor ?? codec)
    return new InputChannel(
      new RingReader(arena, memory.ring(exchange.id, sender, subtask)),
      arena.u8,
      reader,
      bellOf(site, exchange.fromChain?.threads[sender]),
      cursor !== undefined,
      rowOf(site, memory.linkRow(exchange.id, sender, subtask) + 1),
      cursor === undefined ? reader : readerOf(codec),
      exchange.feedback ? member!.spill : undefined,
    )
  })
}

/** The subtasks at the other end. */
function othersOf({ subtask }: TaskSite, pairwise: boolean, count: number): number[] {
  return pairwise ? [subtask] : Array.from({ length: count }, (_, i) => i)
}

/** The doorbell of a thread; undefined: of the main one. */
function bellOf({ shop: { memory, arena } }: TaskSite, thread: number | undefined): Doorbell {
  return new Doorbell(arena, thread === undefined ? memory.mainDoorbell : memory.doorbell(thread))
}
