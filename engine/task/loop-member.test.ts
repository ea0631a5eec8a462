import { expect, it } from 'vitest'
import { createArena } from '../ring/arena.ts'
import { Doorbell } from '../ring/doorbell.ts'
import { LoopMember } from './loop-member.ts'
import { LOOP_STAGE, LoopWords } from './loop-words.ts'

/** A loop of so many members on as many threads; `look` is a step of one, which finds something to move or does not. */
function loopOf(members: number) {
  const arena = createArena(64 * (1 + 2 * members))
  const bells = Array.from({ length: members }, (_, i) => new Doorbell(arena, 64 * i))
  const words = () => new LoopWords(arena, 64 * members, members)
  const all = bells.map((_, i) => new LoopMember(words(), i, bells))
  const look = (i: number, moves = false, atRest = true): boolean => {
    all[i].begin()
    if (moves) all[i].moved()
    return !moves && all[i].rest({ atRest })
  }
  return { words: words(), bells, look, leader: all[0] }
}

it('nothing circulates once all have had nothing to do in two rounds, and nothing between', () => {
  const { words, look } = loopOf(2)
  for (let i = 0; words.stage === LOOP_STAGE.running; i++) {
    expect(i).toBeLessThan(8)
    look(i % 2)
  }
  expect(words.stage).toBe(LOOP_STAGE.ending)
})

it('one that has moved something between the rounds keeps the loop running', () => {
  const { words, look } = loopOf(3)
  for (let i = 0; i < 100; i++) {
    if (i % 3 === 1) look(1, true)
    look(i % 3)
    expect(words.stage).toBe(LOOP_STAGE.running)
  }
})

it('one that is not at rest answers nothing, and nobody asks again', () => {
  const { words, look } = loopOf(2)
  expect([look(0), words.round]).toEqual([true, 1])
  expect([look(0), look(1, false, false), look(0), words.round]).toEqual([true, false, false, 1])
  expect(look(1)).toBe(true)
})

it('each stage takes two rounds of its own, and the last asks nothing more', () => {
  const { words, look } = loopOf(2)
  const stages: number[] = []
  for (let i = 0; i < 40; i++) {
    look(i % 2)
    if (stages.at(-1) !== words.stage) stages.push(words.stage)
  }
  expect(stages).toEqual([LOOP_STAGE.running, LOOP_STAGE.ending, LOOP_STAGE.over])
  expect([look(0), look(1)]).toEqual([false, false])
})

it('whoever waits for an answer, a question or a stage is rung', () => {
  const { bells, look } = loopOf(2)
  const rung = () => bells.map((bell) => bell.read())
  look(0)
  expect(rung()).toEqual([1, 1])
  look(1)
  expect(rung()).toEqual([2, 1])
})

it('is full while much waits on the heap, and tells all when it is not any more', () => {
  const { bells, leader } = loopOf(2)
  for (let i = 0; i < 17; i++) leader.spill.put(2 ** 20)
  expect(leader.full).toBe(true)
  leader.spill.sent(2 ** 20)
  expect([leader.full, ...bells.map((bell) => bell.read())]).toEqual([false, 1, 1])
})

it('one that is held stays in its stage, and goes on when all have let go', () => {
  const { words, look } = loopOf(2)
  const looks = () => {
    for (let i = 0; i < 20; i++) look(i % 2)
    return words.stage
  }
  words.hold()
  words.hold()
  expect(looks()).toBe(LOOP_STAGE.running)
  words.letGo()
  expect(looks()).toBe(LOOP_STAGE.running)
  words.letGo()
  expect(looks()).toBe(LOOP_STAGE.over)
})
