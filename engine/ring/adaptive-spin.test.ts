import { expect, it } from 'vitest'
import { AdaptiveSpin } from './adaptive-spin.ts'

/** How many waits are not spun until one is. */
function skips(spin: AdaptiveSpin): number {
  for (let n = 0; ; n++) if (spin.begin() > 0) return n
}

it('spins while it pays', () => {
  const spin = new AdaptiveSpin(0.02)
  for (let i = 0; i < 10; i++) {
    expect(spin.begin()).toBe(0.02)
    spin.paid()
  }
})

it('leaves out more and more waits where it is in vain, and tries again for ever', () => {
  const spin = new AdaptiveSpin(1)
  const counts = Array.from({ length: 8 }, () => {
    spin.failed()
    return skips(spin)
  })
  expect(counts).toEqual([1, 3, 7, 15, 31, 63, 63, 63])
  spin.paid()
  expect(skips(spin)).toBe(0)
  spin.failed()
  expect(skips(spin)).toBe(1)
})

it('never spins for 0 ms', () => {
  const spin = new AdaptiveSpin(0)
  expect([spin.begin(), spin.begin()]).toEqual([0, 0])
})
