import { Worker } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import { createArena } from './arena.ts'
import { DOORBELL_BYTES, Doorbell } from './doorbell.ts'

const LONG_MS = 30_000

function doorbells() {
  const arena = createArena(2 * DOORBELL_BYTES)
  return { arena, bell: new Doorbell(arena, 0), other: new Doorbell(arena, DOORBELL_BYTES) }
}

describe('Doorbell', () => {
  it('counts rings, and leaves its neighbour alone', () => {
    const { bell, other } = doorbells()
    const seen = bell.read()
    bell.ring()
    bell.ring()
    expect(bell.read() - seen).toBe(2)
    expect(other.read()).toBe(0)
  })

  it('does not sleep when it was rung after the read, parked or not', async () => {
    const { bell } = doorbells()
    const seen = bell.read()
    bell.ring()
    bell.announce()
    expect(bell.wait(seen, LONG_MS)).toBe('not-equal')
    await expect(bell.waitAsync(seen, LONG_MS)).resolves.toBeUndefined()
    bell.retract()
  })

  it('sleeps no longer than it was told', async () => {
    const { bell } = doorbells()
    bell.announce()
    expect(bell.wait(bell.read(), 1)).toBe('timed-out')
    const handle = setInterval(() => {}, LONG_MS)
    await bell.waitAsync(bell.read(), 1)
    clearInterval(handle)
    expect(bell.read()).toBe(0)
  })

  it('leaves no timer behind when it is rung before its time', async () => {
    const { bell } = doorbells()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      bell.announce()
      for (const [ms, timers] of [
        [LONG_MS, 1],
        [Number.POSITIVE_INFINITY, 0],
      ]) {
        const woken = bell.waitAsync(bell.read(), ms)
        expect(vi.getTimerCount()).toBe(timers)
        const handle = setInterval(() => {}, LONG_MS)
        bell.ring()
        await woken
        clearInterval(handle)
        expect(vi.getTimerCount()).toBe(0)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  it('counts across 2^31', () => {
    const { arena, bell } = doorbells()
    arena.i32[0] = 2 ** 31 - 1
    const seen = bell.read()
    bell.ring()
    expect(bell.read()).toBe(-(2 ** 31))
    expect(bell.wait(seen, LONG_MS)).toBe('not-equal')
  })

  it('wakes an asynchronous sleeper that has announced itself', async () => {
    const { bell } = doorbells()
    const handle = setInterval(() => {}, LONG_MS)
    bell.announce()
    const woken = bell.waitAsync(bell.read(), LONG_MS).then(() => 'woken')
    bell.ring()
    await expect(woken).resolves.toBe('woken')
    clearInterval(handle)
  })

  it('wakes a sleeper on another thread', async () => {
    const { arena, bell, other } = doorbells()
    const source = `
      import { workerData, parentPort } from 'node:worker_threads'
      const { wrapArena } = await import(workerData.arena)
      const { Doorbell, DOORBELL_BYTES } = await import(workerData.doorbell)
      const arena = wrapArena(workerData.buffer)
      const mine = new Doorbell(arena, DOORBELL_BYTES)
      const seen = mine.read()
      mine.announce()
      new Doorbell(arena, 0).ring()
      parentPort.postMessage(mine.wait(seen, ${LONG_MS}))`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: {
        buffer: arena.buffer,
        arena: new URL('./arena.ts', import.meta.url).href,
        doorbell: new URL('./doorbell.ts', import.meta.url).href,
      },
    })
    const answer = new Promise((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    )
    bell.announce()
    await bell.waitAsync(0, LONG_MS)
    other.ring()
    // The sleeper was rung before it slept (not-equal) or while it slept (ok): never the timeout.
    expect(['ok', 'not-equal']).toContain(await answer)
    await worker.terminate()
  })
})
