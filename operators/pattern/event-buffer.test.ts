import { expect, it } from 'vitest'
import {
  addEvent,
  addNode,
  clearBuffer,
  type EventBuffer,
  eventOf,
  NONE,
  newEventBuffer,
  nodeBefore,
  release,
  retain,
  sequenceOf,
  stageOf,
} from './event-buffer.ts'

/** A path of one event more, to which one refers. */
function extend(buffer: EventBuffer, value: string, before: number = NONE): number {
  const node = addNode(buffer, addEvent(buffer, value, 5), 0, before)
  retain(buffer, node)
  return node
}

/** The events of a path, the last first. */
function path(buffer: EventBuffer, node: number): unknown[] {
  const found: unknown[] = []
  for (let at = node; at !== NONE; at = nodeBefore(buffer, at)) found.push(eventOf(buffer, at))
  return found
}

const kept = (buffer: EventBuffer) => buffer.values.filter((value) => value !== undefined)

it('keeps paths that begin alike once, and what is referred to', () => {
  const buffer = newEventBuffer()
  const a = extend(buffer, 'a')
  const ab = extend(buffer, 'b', a)
  const ac = extend(buffer, 'c', a)
  expect(path(buffer, ab)).toEqual(['b', 'a'])
  expect(path(buffer, ac)).toEqual(['c', 'a'])
  expect([a, ab, ac].map((node) => sequenceOf(buffer, node))).toEqual([0, 1, 2])
  release(buffer, a)
  release(buffer, ab)
  expect(kept(buffer)).toEqual(['a', 'c'])
  expect(path(buffer, ac)).toEqual(['c', 'a'])
  release(buffer, ac)
  expect(kept(buffer)).toEqual([])
})

it('an event that several paths take is kept once, until the last lets go', () => {
  const buffer = newEventBuffer()
  const event = addEvent(buffer, 'shared', 1)
  const first = addNode(buffer, event, 0, NONE)
  const second = addNode(buffer, event, 1, NONE)
  for (const node of [first, second]) retain(buffer, node)
  expect([stageOf(buffer, first), stageOf(buffer, second)]).toEqual([0, 1])
  release(buffer, first)
  expect(kept(buffer)).toEqual(['shared'])
  release(buffer, second)
  expect(kept(buffer)).toEqual([])
})

it('uses free slots again: memory follows what is kept', () => {
  const buffer = newEventBuffer()
  let last = extend(buffer, 'first')
  for (let i = 0; i < 1000; i++) {
    const next = extend(buffer, `e${i}`)
    release(buffer, last)
    last = next
  }
  expect(buffer.values).toHaveLength(2)
  expect(buffer.nodes).toHaveLength(10)
  expect(eventOf(buffer, last)).toBe('e999')
  clearBuffer(buffer)
  expect(buffer).toEqual(newEventBuffer())
})
