/**
 * The events that partial matches have taken, each kept once, and the paths that lead through them.
 * A path is named by its last node; paths that begin alike share nodes, so taking an event costs one
 * node, whatever the length of the path. Plain data, to be kept in checkpoints: nodes and events are
 * numbers of slots. A slot is free again when nothing refers to it any more.
 */
export interface EventBuffer {
  /** By slot: the event. */
  values: unknown[]
  /** Three numbers a slot: timestamp, number in the order of events, nodes that refer to it. */
  events: number[]
  /** The first free slot of an event; the next one stands in place of the free one's timestamp. */
  freeEvent: number
  /** Five numbers a node: slot of the event, stage, node before it, references, the last node of an earlier stage. */
  nodes: number[]
  /** The first free node; the next one stands in place of the free one's event. */
  freeNode: number
  /** The number of the next event. */
  sequence: number
}

/** In place of a node or slot: none. */
export const NONE = -1

const EVENT = 3
const NODE = 5

export function newEventBuffer(): EventBuffer {
  return { values: [], events: [], freeEvent: NONE, nodes: [], freeNode: NONE, sequence: 0 }
}

/** Forgets all events. For a buffer that nothing refers to any more. */
export function clearBuffer(buffer: EventBuffer): void {
  if (buffer.values.length === 0) return
  buffer.values = []
  buffer.events = []
  buffer.nodes = []
  buffer.freeEvent = NONE
  buffer.freeNode = NONE
  buffer.sequence = 0
}

/** Keeps an event, for the nodes that will refer to it. Returns its slot. */
export function addEvent(buffer: EventBuffer, value: unknown, timestamp: number): number {
  const { values, events } = buffer
  let slot = buffer.freeEvent
  if (slot === NONE) slot = values.length
  else buffer.freeEvent = events[slot * EVENT]
  values[slot] = value
  events[slot * EVENT] = timestamp
  events[slot * EVENT + 1] = buffer.sequence++
  events[slot * EVENT + 2] = 0
  return slot
}

/** Continues the path `before` (or `NONE`) by an event. Nothing refers to the new node yet. */
export function addNode(buffer: EventBuffer, event: number, stage: number, before: number): number {
  const { events, nodes } = buffer
  let node = buffer.freeNode
  if (node === NONE) node = nodes.length / NODE
  else buffer.freeNode = nodes[node * NODE]
  const at = node * NODE
  nodes[at] = event
  nodes[at + 1] = stage
  nodes[at + 2] = before
  nodes[at + 3] = 0
  nodes[at + 4] =
    before === NONE || stageOf(buffer, before) !== stage ? before : skipStage(buffer, before)
  events[event * EVENT + 2]++
  if (before !== NONE) nodes[before * NODE + 3]++
  return node
}

/** One more refers to the path. */
export function retain(buffer: EventBuffer, node: number): void {
  buffer.nodes[node * NODE + 3]++
}

/** One less refers to the path: what nothing refers to any more becomes free. */
export function release(buffer: EventBuffer, node: number): void {
  const { nodes } = buffer
  let at = node
  while (at !== NONE && --nodes[at * NODE + 3] === 0) {
    const before = nodes[at * NODE + 2]
    releaseEvent(buffer, nodes[at * NODE])
    nodes[at * NODE] = buffer.freeNode
    buffer.freeNode = at
    at = before
  }
}

function releaseEvent(buffer: EventBuffer, slot: number): void {
  const { values, events } = buffer
  if (--events[slot * EVENT + 2] > 0) return
  values[slot] = undefined
  events[slot * EVENT] = buffer.freeEvent
  buffer.freeEvent = slot
}

/** The node before, or `NONE`. */
export function nodeBefore(buffer: EventBuffer, node: number): number {
  return buffer.nodes[node * NODE + 2]
}

/** The last node before it of another stage, which is an earlier one, or `NONE`: whatever the node's own stage has taken. */
export function skipStage(buffer: EventBuffer, node: number): number {
  return buffer.nodes[node * NODE + 4]
}

export function stageOf(buffer: EventBuffer, node: number): number {
  return buffer.nodes[node * NODE + 1]
}

export function timeOf(buffer: EventBuffer, node: number): number {
  return buffer.events[buffer.nodes[node * NODE] * EVENT]
}

export function eventOf(buffer: EventBuffer, node: number): unknown {
  return buffer.values[buffer.nodes[node * NODE]]
}

/** The number of the node's event in the order of events. */
export function sequenceOf(buffer: EventBuffer, node: number): number {
  return buffer.events[buffer.nodes[node * NODE] * EVENT + 1]
}
