import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Linked, LinkedQueue } from '../task/linked-queue.ts'
import { Deque } from './deque.ts'

interface Numbered extends Linked {
  readonly n: number
  before: this | undefined
  behind: this | undefined
}

const numbered = (n: number) => ({ n, before: undefined, behind: undefined }) as Numbered

it('a linked queue is an array from which elements leave at any place', () => {
  const steps = fc.array(fc.oneof(fc.constant('push' as const), fc.nat(20)), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new LinkedQueue<Numbered>()
      let model: Numbered[] = []
      all.forEach((step, n) => {
        if (step === 'push') {
          model.push(numbered(n))
          queue.push(model.at(-1)!)
        } else if (model.length > 0) {
          const leaving = model[step % model.length]
          model = model.filter((element) => element !== leaving)
          queue.remove(leaving)
        }
        expect([queue.first, queue.size]).toEqual([model[0], model.length])
      })
      const left: number[] = []
      for (let first = queue.first; first !== undefined; first = queue.first) {
        left.push(first.n)
        queue.remove(first)
      }
      expect(left).toEqual(model.map(({ n }) => n))
    }),
  )
})

it('a deque is an array that is pushed to and shifted', () => {
  const steps = fc.array(fc.oneof(fc.nat(40), fc.constantFrom('shift' as const, 'clear' as const)))
  fc.assert(
    fc.property(steps, (all) => {
      const deque = new Deque<number>()
      const model: number[] = []
      all.forEach((step, n) => {
        if (step === 'clear') {
          deque.clear()
          model.length = 0
        } else if (step === 'shift') {
          if (model.length > 0) expect(deque.shift()).toBe(model.shift())
        } else {
          for (let i = 0; i < step; i++) {
            deque.push(n + i)
            model.push(n + i)
          }
        }
        expect(deque.size).toBe(model.length)
      })
      while (model.length > 0) expect(deque.shift()).toBe(model.shift())
    }),
  )
})
