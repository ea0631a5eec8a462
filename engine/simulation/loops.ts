import type { RuntimeContext } from '../../operators/contract/context.ts'
import { type Collector, OutputTag, ProcessFunction } from '../../operators/contract/function.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import type { Item } from './item.ts'
import type { Row } from './ledger.ts'
import { visitRow } from './rows.ts'
import {
  again,
  againOuter,
  enter,
  enterOuter,
  leave,
  staysAround,
  staysIn,
  twice,
} from './steps.ts'
import type { LoopStep, Shape } from './workload.ts'
import type { World } from './world.ts'

/** A stream while a graph is built. */
type Stream = any

/** How long the calls of a loop may take, in ms. */
const CALL_MS = 30
/** How long a loop that waits does at most, in ms. */
const WAIT_MS = 100

/** Builds a feedback loop: what leaves it, and a row for each time that an item has come by. */
export function addLoop(
  env: BaseEnvironment,
  stream: Stream,
  loop: LoopStep,
  i: number,
  of: Shape,
  world: World,
): { visits: Stream; left: Stream } {
  const future = (name: string): Stream =>
    env.fromFuture<Item>(`${name}${i}`).setParallelism(of(`${name}${i}`))
  const nests = loop === 'loop in a loop'
  const inside = future('inside')
  const around = nests ? future('around') : undefined
  const outside = nests ? stream.map(enterOuter).union(around) : stream
  const options = { uid: `loop${i}`, parallelism: of(`loop${i}`) }
  const visited = outside
    .map(enter)
    .union(inside)
    .keyBy(({ key }: Item) => key)
    .process(Round, { world, loop: i, waits: loop === 'loop that waits' }, options)
  const [going, done] = visited.branch(staysIn)
  const later = (item: Item) => world.later(CALL_MS, 'a call answers', () => again(item))
  const back = { parallelism: of(`back${i}`) }
  if (loop === 'loop with calls') going.asyncMap(later, { capacity: 3, ...back }).fillFuture(inside)
  else if (loop === 'growing loop') going.map(again).flatMap(twice).fillFuture(inside)
  else going.map(again, back).fillFuture(inside)
  const visits = visited.sideOutput(Round.visits)
  if (!nests) return { visits, left: done.map(leave) }
  const [next, left] = done.branch(staysAround)
  next.map(againOuter, back).fillFuture(around)
  return { visits, left: left.map(leave) }
}

interface RoundOptions {
  readonly world: World
  readonly loop: number
  /** Whether items go on some processing time later. */
  readonly waits: boolean
}

/** Counts what comes by, per key, and that no item does twice in the same round. */
class Round extends ProcessFunction<Item, Item> {
  static readonly visits = new OutputTag<Row>('visits')
  readonly #options: RoundOptions

  constructor(options: RoundOptions) {
    super()
    this.#options = options
  }

  process(item: Item, ctx: RuntimeContext<string>, out: Collector<Item>): void {
    const { world, loop, waits } = this.#options
    world.troubles.at('round')
    world.work()
    const round = `${item.id}/${item.outer}/${item.left}`
    const seen = ctx.mapState<string, boolean>('seen')
    if (seen.get(round) === true) throw new Error(`item ${round} has come twice`)
    seen.set(round, true)
    const n = ++ctx.state('visits', () => 0).value
    out.collectTo(Round.visits, { what: visitRow(loop, item.key, n) })
    if (!waits) {
      out.collect(item)
      return
    }
    ctx.listState<Item>('waiting').add(item)
    ctx.timers.registerProcessingTime(ctx.clock.now() + world.random.below(WAIT_MS))
  }

  override onTimer(_: number, ctx: RuntimeContext<string>, out: Collector<Item>): void {
    const waiting = ctx.listState<Item>('waiting')
    for (const item of waiting.get()) out.collect(item)
    waiting.clear()
  }
}
