/** A record that waits for the watermark. */
export interface QueuedItem {
  readonly timestamp: number
  /** Its number in the order of arrival. */
  readonly order: number
  readonly value: unknown
  /** The input it came through. */
  readonly side: number
}

/**
 * Records by timestamp and, of one timestamp, by arrival. Plain data. Those that come in order are appended to a run,
 * the others go into a binary heap: so a record costs next to nothing as a rule, and log n at worst.
 */
export interface ItemQueue {
  /** In order from `head` on. */
  readonly run: (QueuedItem | null)[]
  head: number
  readonly heap: QueuedItem[]
  added: number
}

/** The run is moved up when so many in front have been taken, and they are half of it. */
const TAKEN_MAX = 16

export function newItemQueue(): ItemQueue {
  return { run: [], head: 0, heap: [], added: 0 }
}

export function isQueueEmpty({ run, head, heap }: ItemQueue): boolean {
  return head === run.length && heap.length === 0
}

/** Puts a record in. */
export function enqueue(queue: ItemQueue, timestamp: number, value: unknown, side: number): void {
  const { run, head, heap } = queue
  const item: QueuedItem = { timestamp, order: queue.added++, value, side }
  if (head === run.length || timestamp >= run[run.length - 1]!.timestamp) run.push(item)
  else rise(heap, item)
}

/** The timestamp of the earliest record; Infinity: there is none. */
export function firstTimestamp({ run, head, heap }: ItemQueue): number {
  const first = head < run.length ? run[head]!.timestamp : Number.POSITIVE_INFINITY
  return heap.length > 0 && heap[0].timestamp < first ? heap[0].timestamp : first
}

/** Takes the earliest record out of a queue that is not empty. */
export function dequeue(queue: ItemQueue): QueuedItem {
  const { run, head, heap } = queue
  const first = head < run.length ? run[head]! : undefined
  if (first === undefined || (heap.length > 0 && precedes(heap[0], first))) return takeTop(heap)
  run[head] = null
  queue.head = head + 1
  if (queue.head === run.length || (queue.head >= TAKEN_MAX && 2 * queue.head >= run.length)) {
    run.splice(0, queue.head)
    queue.head = 0
  }
  return first
}

// --- the heap --------------------------------------------------------------------------------

function rise(heap: QueuedItem[], item: QueuedItem): void {
  let at = heap.length
  heap.push(item)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!precedes(item, heap[parent])) break
    heap[at] = heap[parent]
    at = parent
  }
  heap[at] = item
}

function takeTop(heap: QueuedItem[]): QueuedItem {
  const top = heap[0]
  const last = heap.pop()!
  if (heap.length > 0) sink(heap, last)
  return top
}

function sink(heap: QueuedItem[], item: QueuedItem): void {
  const { length } = heap
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && precedes(heap[child + 1], heap[child])) child++
    if (!precedes(heap[child], item)) break
    heap[at] = heap[child]
    at = child
  }
  heap[at] = item
}

function precedes(a: QueuedItem, b: QueuedItem): boolean {
  return a.timestamp !== b.timestamp ? a.timestamp < b.timestamp : a.order < b.order
}
