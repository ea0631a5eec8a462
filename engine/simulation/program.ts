import type { RuntimeContext } from '../../operators/contract/context.ts'
import { type Collector, ProcessFunction } from '../../operators/contract/function.ts'
import { watermarks } from '../../operators/time/watermark-strategy.ts'
import type { WindowResult } from '../../operators/window/window.ts'
import { session, sliding, tumbling } from '../../operators/window/window-assigner.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import type { OperatorOptions } from '../api/options.ts'
import { Held } from './held.ts'
import { DISORDER_MS, type Item, type SourceSpec } from './item.ts'
import { itemSource } from './item-source.ts'
import type { Row } from './ledger.ts'
import { FinalSink, RecallableSink } from './ledger-sink.ts'
import { addLoop } from './loops.ts'
import {
  countRow,
  GAP_MS,
  itemRow,
  SLIDE_MS,
  SUM_MS,
  sharedRow,
  sumRow,
  totalRow,
  WINDOW_MS,
  windowRow,
} from './rows.ts'
import { SimulatedFileSink } from './simulated-file-sink.ts'
import { isOdd, passes, plus, refusing, twice } from './steps.ts'
import { addTwoInputs } from './two-inputs.ts'
import {
  hasAside,
  hasTwoInputs,
  isLoop,
  type Keyed,
  type LoopStep,
  type Shape,
  type Step,
  type TwoInputs,
  type Workload,
} from './workload.ts'
import type { World } from './world.ts'

/** A stream while a graph is built: which of its methods fit is the workload's business. */
type Stream = any

/** How long the calls of an asynchronous step may take, in ms. */
const CALL_MS = 30
/** How long `delayed` waits at most, in ms. */
const DELAY_MS = 500
/** Behind every item. */
const END_OF_TIME = 1e15

const WINDOWS = {
  tumbling: tumbling(WINDOW_MS),
  sliding: sliding(WINDOW_MS, SLIDE_MS),
  session: session(GAP_MS),
}

/** Builds the program of a workload. */
export function buildWorkload(
  env: BaseEnvironment,
  workload: Workload,
  of: Shape,
  world: World,
): void {
  const read = (spec: SourceSpec): Stream =>
    env
      .fromSource(itemSource(spec, world), {
        uid: `source-${spec.name}`,
        parallelism: of(`source-${spec.name}`),
      })
      .assignTimestamps(({ at }: Item) => at, watermarks.boundedOutOfOrderness(DISORDER_MS))
  const inputs = workload.sources.map(read)
  const aside: Stream = hasAside(workload) ? read(workload.aside) : undefined
  let stream: Stream = inputs.length === 1 ? inputs[0] : inputs[0].union(...inputs.slice(1))
  const sink = (rows: Stream, options: OperatorOptions & { uid: string }): void => {
    const files = { world, name: options.uid, options: workload.files }
    if (workload.sink === 'files') rows.sink(SimulatedFileSink, files, options)
    else rows.sink(workload.sink === 'final' ? FinalSink : RecallableSink, world, options)
  }
  workload.steps.forEach((step, i) => {
    if (step === 'merge') {
      const options = { parallelism: of(`merge${i}`) }
      stream = stream.connect(aside).coMap([mapping(world), mapping(world)], options)
    } else if (!isLoop(step)) stream = addStep(stream, step, i, of, world)
    else {
      const { visits, left } = addLoop(env, stream, step, i, of, world)
      const name = `visits${i}`
      sink(visits, { uid: name, name, ...(workload.hopsLast ? { parallelism: of(name) } : {}) })
      stream = left
    }
  })
  if (workload.looksFirst) {
    const options = { uid: 'first', parallelism: of('first') }
    stream = stream.keyBy(({ key }: Item) => key).process(Unique, world, options)
  }
  stream = stream.keyBy(({ key }: Item) => key)
  const keyed = { uid: 'keyed', parallelism: of('keyed') }
  stream = hasTwoInputs(workload.keyed)
    ? addTwoInputs(stream, aside, workload.keyed, keyed, world)
    : addKeyed(stream, workload.keyed, keyed, world)
  sink(stream, { uid: 'sink', ...(workload.hopsLast ? { parallelism: of('sink') } : {}) })
}

function mapping(world: World): (item: Item) => Item {
  return (item) => {
    world.troubles.at('map')
    world.work()
    return plus(item)
  }
}

function addStep(
  stream: Stream,
  step: Exclude<Step, LoopStep | 'merge'>,
  i: number,
  of: Shape,
  world: World,
): Stream {
  const mapped = mapping(world)
  const later = (item: Item) => world.later(CALL_MS, 'a call answers', () => mapped(item))
  switch (step) {
    case 'map':
      return stream.map(mapped)
    case 'filter':
      return stream.filter(passes)
    case 'double':
      return stream.flatMap(twice)
    case 'async':
      return stream.asyncMap(later, { capacity: 3 })
    case 'rebalance':
      return stream.rebalance()
    case 'held':
      return stream.flatMap(Held, { uid: `held${i}`, parallelism: of(`held${i}`) })
    case 'hop':
      return stream.map(mapped, { parallelism: of(`hop${i}`) })
    case 'diamond': {
      const [odd, even] = stream.branch(isOdd)
      return odd.map(plus).union(even.map(mapped, { parallelism: of(`even${i}`) }))
    }
    case 'poison':
      return stream.map(refusing, { errors: 'skip' })
  }
}

function addKeyed(
  stream: Stream,
  keyed: Exclude<Keyed, TwoInputs>,
  options: OperatorOptions,
  world: World,
): Stream {
  switch (keyed) {
    case 'count':
      return stream.process(Count, world, options)
    case 'timers':
      return stream.process(Sums, world, options)
    case 'delayed':
      return stream.process(Delayed, world, options)
    case 'shared':
      return stream.process(SharedCount, world, options)
    case 'reduceFinal':
      return stream
        .map(({ n }: Item) => n)
        .reduceFinal(options.uid, (a: number, b: number) => a + b, {
          parallelism: options.parallelism,
        })
        .map((sum: number, { key }: RuntimeContext<string>) => ({ what: totalRow(key!, sum) }))
    default:
      return stream
        .window(WINDOWS[keyed])
        .count(options)
        .map(({ key, start, end, value }: WindowResult<string, number>) => {
          return { what: windowRow(key, start, end, value) }
        })
  }
}

/** A function that takes its time. */
abstract class Working<R> extends ProcessFunction<Item, R> {
  protected readonly world: World

  constructor(world: World) {
    super()
    this.world = world
  }

  process(item: Item, ctx: RuntimeContext<string>, out: Collector<R>): void {
    this.world.work()
    this.work(item, ctx, out)
  }

  protected abstract work(item: Item, ctx: RuntimeContext<string>, out: Collector<R>): void
}

/** Checks that no item comes to its key twice, by what it has kept of those before. */
class Unique extends Working<Item> {
  protected work(item: Item, ctx: RuntimeContext<string>, out: Collector<Item>): void {
    const seen = ctx.mapState<string, boolean>('seen')
    if (seen.get(item.id) === true) throw new Error(`item ${item.id} has come twice`)
    seen.set(item.id, true)
    out.collect(item)
  }
}

/** Tells every item, and the how manieth of its key it is. */
class Count extends Working<Row> {
  protected work(item: Item, ctx: RuntimeContext<string>, out: Collector<Row>): void {
    this.world.troubles.at('count')
    const n = ++ctx.state('n', () => 0).value
    out.collect(itemRow(item))
    out.collect(countRow(item.key, n))
  }
}

/** Tells the how manieth of all items each is, by a store that all subtasks share. */
class SharedCount extends Working<Row> {
  protected work(item: Item, ctx: RuntimeContext<string>, out: Collector<Row>): void {
    out.collect({ what: item.id })
    out.collect({ what: sharedRow(ctx.shared('counts').increment('all')) })
  }
}

/** Sums up per key and 100 ms of event time. */
class Sums extends Working<Row> {
  protected work({ n }: Item, ctx: RuntimeContext<string>): void {
    const end = Math.floor(ctx.timestamp! / SUM_MS) * SUM_MS + SUM_MS
    const sums = ctx.mapState<number, number>('sums')
    sums.set(end, (sums.get(end) ?? 0) + n)
    ctx.timers.registerEventTime(end)
  }

  override onTimer(end: number, ctx: RuntimeContext<string>, out: Collector<Row>): void {
    const sums = ctx.mapState<number, number>('sums')
    out.collect({ what: sumRow(ctx.key as string, end, sums.get(end)!) })
    sums.delete(end)
  }
}

/** Tells items some processing time later, at the end of input at the latest. */
class Delayed extends Working<Row> {
  protected work(item: Item, ctx: RuntimeContext<string>): void {
    ctx.listState<Item>('waiting').add(item)
    const delay = this.world.random.below(DELAY_MS)
    ctx.timers.registerProcessingTime(ctx.clock.now() + delay)
    ctx.timers.registerEventTime(END_OF_TIME)
  }

  override onTimer(_: number, ctx: RuntimeContext<string>, out: Collector<Row>): void {
    const waiting = ctx.listState<Item>('waiting')
    for (const { id } of waiting.get()) out.collect({ what: id })
    waiting.clear()
  }
}
