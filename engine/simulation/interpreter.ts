import { type Item, itemOf, type SourceSpec } from './item.ts'
import {
  AFTER_MS,
  BEFORE_MS,
  countRow,
  GAP_MS,
  itemRow,
  pairRow,
  ruleRow,
  SLIDE_MS,
  SUM_MS,
  sharedRow,
  sumRow,
  totalRow,
  visitRow,
  WINDOW_MS,
  windowRow,
} from './rows.ts'
import {
  again,
  againOuter,
  enter,
  enterOuter,
  isOdd,
  isPoison,
  leave,
  passes,
  plus,
  staysAround,
  staysIn,
  twice,
} from './steps.ts'
import {
  hasAside,
  isLoop,
  type Keyed,
  type LoopStep,
  type Step,
  type Workload,
} from './workload.ts'

/** What must be visible in the end. */
export interface Expected {
  /** How often each row, by its words. */
  readonly counts: ReadonlyMap<string, number>
  /** Whether items of a lane keep their order; counts of a key always do. */
  readonly ordered: boolean
}

/**
 * What a workload comes to: its program, run by plain functions over plain arrays.
 *
 * @param upTo - how many items of a partition there are; default: all
 */
export function interpret(
  workload: Workload,
  upTo: (source: string, partition: number) => number = () => Number.POSITIVE_INFINITY,
): Expected {
  const itemsOf = (spec: SourceSpec): Item[] =>
    spec.counts.flatMap((count, partition) =>
      Array.from({ length: Math.min(count, upTo(spec.name, partition)) }, (_, index) =>
        itemOf(spec, partition, index),
      ),
    )
  let items = workload.sources.flatMap(itemsOf)
  const aside = hasAside(workload) ? itemsOf(workload.aside) : []
  const counts = new Map<string, number>()
  workload.steps.forEach((step, i) => {
    if (step === 'merge') items = [...items, ...aside].map(plus)
    else if (!isLoop(step)) items = applyStep(items, step)
    else {
      const visits = new Map<string, number>()
      items = items.flatMap((item) => goRound(item, step, visits))
      for (const [key, n] of visits)
        for (let visit = 1; visit <= n; visit++) counts.set(visitRow(i, key, visit), 1)
    }
  })
  const perKey = Map.groupBy(items, ({ key }) => key)
  for (const [key, own] of perKey)
    for (const what of applyKeyed(key, own, workload.keyed, aside))
      counts.set(what, (counts.get(what) ?? 0) + 1)
  if (workload.keyed === 'rules') for (const rule of aside) counts.set(ruleRow(rule), 1)
  if (workload.keyed === 'shared')
    for (let n = 1; n <= items.length; n++) counts.set(sharedRow(n), 1)
  // Where streams meet, or are dealt out anew, no order is promised.
  const unordered: readonly Step[] = ['rebalance', 'hop', 'diamond', 'held', 'merge']
  const ordered =
    workload.sources.length === 1 &&
    // What comes of them is keyed no more.
    workload.keyed !== 'rules' &&
    workload.steps.every((step) => !unordered.includes(step) && !isLoop(step))
  return { counts, ordered }
}

/** What leaves a loop of an item; counts how often items of a key have come by. */
function goRound(item: Item, loop: LoopStep, visits: Map<string, number>): Item[] {
  let going = [enter(loop === 'loop in a loop' ? enterOuter(item) : item)]
  const left: Item[] = []
  while (going.length > 0) {
    going = going.flatMap((one) => {
      visits.set(one.key, (visits.get(one.key) ?? 0) + 1)
      if (staysIn(one)) return loop === 'growing loop' ? twice(again(one)) : [again(one)]
      if (loop === 'loop in a loop' && staysAround(one)) return [enter(againOuter(one))]
      left.push(leave(one))
      return []
    })
  }
  return left
}

function applyStep(items: Item[], step: Exclude<Step, LoopStep | 'merge'>): Item[] {
  switch (step) {
    case 'map':
    case 'async':
    case 'hop':
      return items.map(plus)
    case 'filter':
      return items.filter(passes)
    case 'double':
      return items.flatMap(twice)
    case 'diamond':
      return [...items.filter(isOdd), ...items.filter((item) => !isOdd(item))].map(plus)
    case 'poison':
      return items.filter((item) => !isPoison(item))
    case 'rebalance':
    case 'held':
      return items
  }
}

function applyKeyed(
  key: string,
  items: readonly Item[],
  keyed: Keyed,
  aside: readonly Item[],
): string[] {
  const pairs = (joins: (left: Item, right: Item) => boolean): string[] =>
    items.flatMap((left) =>
      aside
        .filter((right) => right.key === key && joins(left, right))
        .map((right) => pairRow(left, right)),
    )
  switch (keyed) {
    case 'join':
      return pairs(() => true)
    case 'interval':
      return pairs((left, { at }) => at >= left.at - BEFORE_MS && at <= left.at + AFTER_MS)
    case 'count':
      return items.flatMap((item, i) => [itemRow(item).what, countRow(key, i + 1).what])
    case 'delayed':
    case 'rules':
    case 'shared':
      return items.map(({ id }) => id)
    case 'reduceFinal':
      return [totalRow(key, sumOf(items))]
    case 'timers':
      return windowsOf(items, SUM_MS, SUM_MS).map(([end, own]) => sumRow(key, end, sumOf(own)))
    case 'tumbling':
    case 'sliding': {
      const slide = keyed === 'sliding' ? SLIDE_MS : WINDOW_MS
      return windowsOf(items, WINDOW_MS, slide).map(([end, own]) =>
        windowRow(key, end - WINDOW_MS, end, own.length),
      )
    }
    case 'session':
      return sessionsOf(items).map(({ from, to, count }) => windowRow(key, from, to, count))
  }
}

function sumOf(items: readonly Item[]): number {
  return items.reduce((sum, { n }) => sum + n, 0)
}

/** By their ends: windows of `size` that begin every `slide` ms, with what is in them. */
function windowsOf(items: readonly Item[], size: number, slide: number): [number, Item[]][] {
  const windows = new Map<number, Item[]>()
  for (const item of items) {
    for (let from = Math.floor(item.at / slide) * slide; from > item.at - size; from -= slide) {
      const end = from + size
      windows.set(end, [...(windows.get(end) ?? []), item])
    }
  }
  return [...windows]
}

function sessionsOf(items: readonly Item[]): { from: number; to: number; count: number }[] {
  const sessions: { from: number; to: number; count: number }[] = []
  for (const { at } of items.toSorted((a, b) => a.at - b.at)) {
    const last = sessions.at(-1)
    if (last === undefined || at > last.to) sessions.push({ from: at, to: at + GAP_MS, count: 1 })
    else {
      last.to = Math.max(last.to, at + GAP_MS)
      last.count++
    }
  }
  return sessions
}
