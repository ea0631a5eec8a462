import { BaseCoMapFunction, BaseJoinFunction } from '../../operators/contract/function.ts'
import type { OperatorOptions } from '../api/options.ts'
import type { Item } from './item.ts'
import type { Row } from './ledger.ts'
import { AFTER_MS, BEFORE_MS, itemRow, pairRow, ruleRow } from './rows.ts'
import type { TwoInputs } from './workload.ts'
import type { World } from './world.ts'

/** A stream while a graph is built. */
type Stream = any

const keyOf = ({ key }: Item): string => key

/** What is done per key with the items of two streams. */
export function addTwoInputs(
  keyed: Stream,
  aside: Stream,
  kind: TwoInputs,
  options: OperatorOptions,
  world: World,
): Stream {
  switch (kind) {
    case 'join':
      return keyed.connect(aside.keyBy(keyOf)).join(Pairs, world, options)
    case 'interval':
      return keyed
        .intervalJoin(aside.keyBy(keyOf), { before: BEFORE_MS, after: AFTER_MS, ...options })
        .map(rowOfPair)
    case 'rules':
      return keyed.connect(aside.broadcast()).coMap(Rules, world, options)
  }
}

function rowOfPair([left, right]: [Item, Item]): Row {
  return { what: pairRow(left, right) }
}

/** Every item of one side with every one of the other, by what it has kept of both. */
class Pairs extends BaseJoinFunction<Item, Item, string, Row> {
  readonly #world: World

  constructor(world: World) {
    super()
    this.#world = world
  }

  left(item: Item): Row[] {
    this.#world.troubles.at('count')
    this.#world.work()
    this.ctx.listState<Item>('left').add(item)
    const partners = this.ctx.listState<Item>('right').get()
    return Array.from(partners, (right) => rowOfPair([item, right]))
  }

  right(item: Item): Row[] {
    this.#world.work()
    this.ctx.listState<Item>('right').add(item)
    const partners = this.ctx.listState<Item>('left').get()
    return Array.from(partners, (left) => rowOfPair([left, item]))
  }
}

/**
 * Items are told as they come, with rules that all subtasks have: each subtask hears each rule once, in order; no key ever
 * sees fewer of them than before; and one subtask, as the rule has it, tells of each.
 */
class Rules extends BaseCoMapFunction<Row> {
  readonly #world: World

  constructor(world: World) {
    super()
    this.#world = world
  }

  map0(item: Item): Row {
    this.#world.troubles.at('count')
    this.#world.work()
    const known = this.#known()
    const seen = this.ctx.state('seen', () => 0)
    if (known < seen.value)
      throw new Error(`${known} rules are known for ${item.key}, after ${seen.value}`)
    seen.value = known
    return itemRow(item)
  }

  map1(rule: Item): Row | null {
    const { subtask, parallelism } = this.ctx
    const known = this.#known()
    if (rule.index !== known) throw new Error(`rule ${rule.index} has come behind ${known} others`)
    this.ctx.broadcastState<string, number>('rules').set('known', known + 1)
    return rule.index % parallelism === subtask ? { what: ruleRow(rule) } : null
  }

  #known(): number {
    return this.ctx.broadcastState<string, number>('rules').get('known') ?? 0
  }
}
