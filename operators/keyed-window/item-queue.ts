/** A record that waits for the watermark. */
export interface QueuedItem {
  readonly timestamp: number
  /** Its number in the order of arrival. */
  readonly order: number
  readonly value: unknown
  /** The input it came through. */
  readonly side: number
}

/** Records by timestamp and, of one timestamp, by arrival: a binary heap. Plain data. */
export interface ItemQueue {
  readonly items: QueuedItem[]
  added: number
}

/** Puts a record in. One that is later than all others costs one comparison. */
export function enqueue(queue: ItemQueue, timestamp: number, value: unknown, side: number): void {
  const { items } = queue
  const item: QueuedItem = { timestamp, order: queue.added++, value, side }
  let at = items.length
  items.push(item)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!precedes(item, items[parent])) break
    items[at] = items[parent]
    at = parent
  }
  items[at] = item
}

/** Takes the earliest record out of a queue that is not empty. */
export function dequeue(queue: ItemQueue): QueuedItem {
  const { items } = queue
  const first = items[0]
  const last = items.pop()!
  if (items.length > 0) sink(items, last)
  else queue.added = 0
  return first
}

function sink(items: QueuedItem[], item: QueuedItem): void {
  const { length } = items
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && precedes(items[child + 1], items[child])) child++
    if (!precedes(items[child], item)) break
    items[at] = items[child]
    at = child
  }
  items[at] = item
}

function precedes(a: QueuedItem, b: QueuedItem): boolean {
  return a.timestamp !== b.timestamp ? a.timestamp < b.timestamp : a.order < b.order
}
