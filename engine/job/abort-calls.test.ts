import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { AbortCalls } from './abort-calls.ts'

it('calls each once at the abort, and none that was taken back', () => {
  const aborts = new AbortCalls()
  const { signal, abort } = controller()
  const called: number[] = []
  aborts.add(signal, () => called.push(1))
  const takeBack = aborts.add(signal, () => called.push(2))
  aborts.add(signal, () => called.push(3))
  takeBack()
  abort()
  abort()
  expect(called).toEqual([1, 3])
})

it('has one listener per signal, and none once all was taken back', () => {
  const aborts = new AbortCalls()
  const { signal } = controller()
  const listeners = () => getEventListeners(signal, 'abort').length
  const first = aborts.add(signal, () => {})
  const second = aborts.add(signal, () => {})
  expect(listeners()).toBe(1)
  first()
  first()
  expect(listeners()).toBe(1)
  second()
  expect(listeners()).toBe(0)
  aborts.add(signal, () => {})
  second()
  expect(listeners()).toBe(1)
})

it('a call may take back its own and others', () => {
  const aborts = new AbortCalls()
  const { signal, abort } = controller()
  const called: string[] = []
  const takeBack: (() => void)[] = []
  for (const name of ['a', 'b', 'c']) {
    takeBack.push(
      aborts.add(signal, () => {
        called.push(name)
        for (const take of takeBack) take()
      }),
    )
  }
  abort()
  expect(called).toEqual(['a'])
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

function controller() {
  const { signal, abort } = new (class extends AbortController {
    override abort = () => super.abort()
  })()
  return { signal, abort }
}
