import { codecOf, frameOptions } from '../channel/exchange-frames.ts'
import { InputChannel } from '../channel/input-channel.ts'
import { OutputChannel } from '../channel/output-channel.ts'
import { type ExplainedPlan, type ExplainFormat, explain } from '../graph/explain.ts'
import type { Graph } from '../graph/graph.ts'
import { type MemoryPlan, planMemory } from '../graph/memory-plan.ts'
import { type Exchange, type Plan, planGraph } from '../graph/plan.ts'
import { counterRow } from '../metrics/counters.ts'
import { UserMetricsMemory } from '../metrics/user-metrics-memory.ts'
import { type Arena, createArena } from '../ring/arena.ts'
import { Doorbell } from '../ring/doorbell.ts'
import { initRing } from '../ring/layout.ts'
import { RingReader } from '../ring/reader.ts'
import { RingWriter } from '../ring/writer.ts'
import { StateMemory } from '../state/state-memory.ts'
import { Heartbeats } from '../thread/heartbeats.ts'
import type { ThreadSettings } from '../thread/job-site.ts'
import { SettleWords } from '../thread/settle-words.ts'

/** A job's plan with its memory allocated: all of it, before the first thread starts. */
export class JobPlan {
  readonly graph: Graph
  readonly plan: Plan
  readonly memory: MemoryPlan
  readonly takesCheckpoints: boolean
  readonly arena: Arena
  readonly settle: SettleWords
  readonly beats: Heartbeats
  /** How long the main thread looks for what it expects; 0 where it does the work itself. */
  readonly spinMs: number
  readonly userMetrics: UserMetricsMemory
  /** Memory of the stores that all threads share. */
  readonly state: SharedArrayBuffer

  constructor(graph: Graph, settings: ThreadSettings) {
    this.graph = graph
    this.spinMs = settings.mode === 'inline' ? 0 : settings.spinMs
    this.plan = planGraph(graph, settings)
    this.takesCheckpoints = settings.checkpoint !== undefined
    this.memory = planMemory(this.plan, settings)
    this.arena = createArena(this.memory.totalBytes)
    this.settle = SettleWords.allocate(this.plan.threads)
    // The coordinator is the last.
    this.beats = Heartbeats.allocate(this.plan.threads + 1)
    this.userMetrics = UserMetricsMemory.allocate(settings.metricsBytes)
    this.state = StateMemory.allocate(this.plan.threads + 1, settings.sharedBytes)
    for (const exchange of this.plan.exchanges) this.#initRings(exchange)
  }

  /** The main thread's doorbell. */
  get mainBell(): Doorbell {
    return new Doorbell(this.arena, this.memory.mainDoorbell)
  }

  bellOf(thread: number): Doorbell {
    return new Doorbell(this.arena, this.memory.doorbell(thread))
  }

  /** Wakes all threads that run subtasks. */
  ringAll(): void {
    for (let thread = 0; thread < this.plan.threads; thread++) this.bellOf(thread).ring()
  }

  /** The main thread's sending end of a `createStream`. */
  sender(exchange: Exchange): OutputChannel {
    const writer = codecOf(exchange).createWriter(frameOptions(exchange, this.memory, this.plan))
    const ring = new RingWriter(this.arena, this.memory.ring(exchange.id, 0, 0))
    const bell = this.bellOf(exchange.toChain!.threads[0])
    return new OutputChannel(writer, ring, bell, this.row(this.memory.linkRow(exchange.id, 0, 0)))
  }

  /** The main thread's receiving end of an output. */
  receiver(exchange: Exchange): InputChannel {
    const reader = codecOf(exchange).createReader(frameOptions(exchange, this.memory, this.plan))
    const ring = new RingReader(this.arena, this.memory.ring(exchange.id, 0, 0))
    return new InputChannel(
      ring,
      this.arena.u8,
      reader,
      this.bellOf(exchange.fromChain!.threads[0]),
      false,
      this.row(this.memory.linkRow(exchange.id, 0, 0) + 1),
    )
  }

  /** A row of the job's counters. */
  row(row: number): Float64Array {
    return counterRow(this.arena, this.memory.counterOffset, row)
  }

  explain(name: string, format: ExplainFormat): string {
    return explain(explained(name, this), format)
  }

  #initRings(exchange: Exchange): void {
    for (let sender = 0; sender < exchange.senders; sender++) {
      for (let receiver = 0; receiver < exchange.receivers; receiver++) {
        if (exchange.pairwise && sender !== receiver) continue
        initRing(
          this.arena,
          this.memory.ring(exchange.id, sender, receiver),
          this.memory.ringCapacity,
        )
      }
    }
  }
}

function explained(name: string, { plan, memory, state }: JobPlan): ExplainedPlan {
  const fused = [...plan.fused].flatMap(([from, edges]) =>
    edges.map(({ edge, to }) => ({
      fromNode: from,
      toNode: to.id,
      partitioning: edge.partitioning.type,
      exchange: false,
    })),
  )
  const crossing = plan.exchanges.flatMap((exchange) =>
    exchange.edge === undefined
      ? []
      : [
          {
            fromNode: exchange.from.id,
            toNode: exchange.to.id,
            partitioning: exchange.partitioning.type,
            exchange: true,
            codec: codecOf(exchange).id,
          },
        ],
  )
  return {
    name,
    chains: plan.chains.map(({ id, parallelism, nodes, threads }) => ({
      id,
      parallelism,
      nodes,
      threads,
    })),
    edges: [...fused, ...crossing],
    memoryBytes: memory.totalBytes,
    stateBytes: state.byteLength,
    threads: plan.threads,
  }
}
