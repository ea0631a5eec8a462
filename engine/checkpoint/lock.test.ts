import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DirectoryStore } from './directory-store.ts'
import { MemoryFiles } from './fixtures/memory-files.ts'
import { takeLock } from './lock.ts'
import { type Liveness, type LockHolder, livenessOf, type Processes } from './lock-holder.ts'

const holder: LockHolder = { host: 'a', pid: 10, started: '5', boot: 'b1', space: 's1' }

describe('whether a holder lives', () => {
  const running = (pid: number) => (pid === 10 ? '5' : undefined)

  it.each<[string, Partial<LockHolder>, Liveness]>([
    ['itself', {}, 'alive'],
    ['no such process', { pid: 11 }, 'dead'],
    ['its number was given to another one', { started: '4' }, 'dead'],
    ['the machine was started anew', { boot: 'b0' }, 'dead'],
    ['another host', { host: 'b', boot: 'b0' }, 'unknown'],
    ['another container of this machine', { host: 'c', space: 's2' }, 'unknown'],
    ['the same container on another machine', { boot: 'b0', space: 's2' }, 'unknown'],
  ])('%s', (_, more, expected) => {
    expect(livenessOf({ ...holder, ...more }, holder, running)).toBe(expected)
  })

  it('where a start of the machine is not known, the host tells', () => {
    const self = { ...holder, boot: '', space: '', started: '' }
    const find = (pid: number) => (pid === 10 ? '' : undefined)
    expect(livenessOf(self, self, find)).toBe('alive')
    expect(livenessOf({ ...self, pid: 11 }, self, find)).toBe('dead')
    expect(livenessOf({ ...self, host: 'b' }, self, find)).toBe('unknown')
  })
})

describe('a lock', () => {
  const seeing = (liveness: Liveness): Processes => ({ self: holder, liveness: () => liveness })
  const timing = { beat: 5_000, watch: 20_000 }

  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  async function outcome(taking: Promise<unknown>): Promise<string> {
    const settled = taking.then(
      () => 'taken',
      (error) => error.code,
    )
    await vi.advanceTimersByTimeAsync(120_000)
    return settled
  }

  it('is refused while the holder lives, and given when it is dead', async () => {
    const files = new MemoryFiles()
    await takeLock(files, 'd', seeing('alive'))
    expect(await outcome(takeLock(files, 'd', seeing('alive')))).toBe('SAGE_CHECKPOINT_IN_USE')
    expect(files.paths().length).toBe(1)
    expect(await outcome(takeLock(files, 'd', seeing('dead')))).toBe('taken')
    expect(files.paths().length).toBe(1)
  })

  it('of the same owner is given, though the process lives: its thread is gone', async () => {
    const files = new MemoryFiles()
    const take = (owner?: string) => takeLock(files, 'd', seeing('alive'), timing, owner)
    await take('one')
    expect(await outcome(take('two'))).toBe('SAGE_CHECKPOINT_IN_USE')
    expect(await outcome(take())).toBe('SAGE_CHECKPOINT_IN_USE')
    expect(await outcome(take('one'))).toBe('taken')
    expect(files.paths().length).toBe(1)
  })

  it('of a holder out of sight is refused while that beats, and given when it has stopped', async () => {
    const files = new MemoryFiles()
    const lock = await takeLock(files, 'd', seeing('alive'), timing)
    expect(await outcome(takeLock(files, 'd', seeing('unknown'), timing))).toBe(
      'SAGE_CHECKPOINT_IN_USE',
    )
    await lock.check()
    // The machine is gone: nothing beats, nothing is released.
    const left = files.after('killed')
    expect(await outcome(takeLock(left, 'd', seeing('unknown'), timing))).toBe('taken')
    expect(left.paths().length).toBe(1)
  })

  it('that was taken away is not used any more', async () => {
    const files = new MemoryFiles()
    const store = new DirectoryStore('d', files, seeing('alive'))
    await store.lock()
    await takeLock(files, 'd', seeing('dead'))
    await store.begin(1)
    const head = { job: 'job', time: 0, savepoint: false, maxParallelism: 1 }
    const manifest = { ...head, epoch: 1, operators: [], parts: [] }
    await expect(store.complete(manifest)).rejects.toMatchObject({ code: 'SAGE_CHECKPOINT_IN_USE' })
    expect(files.paths()).not.toContain('d/manifest-1')
    // Nor does it come back with the next beat.
    await vi.advanceTimersByTimeAsync(60_000)
    expect(files.paths().filter((path) => path.includes('lock')).length).toBe(1)
  })

  it('that is half written is looked at for as long', async () => {
    const files = new MemoryFiles()
    const file = await files.create('d/lock-00')
    await file.write(new Uint8Array(5), 0)
    await file.close()
    expect(await outcome(takeLock(files, 'd', seeing('alive'), timing))).toBe('taken')
    expect(files.paths()).not.toContain('d/lock-00')
  })

  it('is held by at most one of many who come at once, and by one who comes later', async () => {
    for (let round = 0; round < 20; round++) {
      const files = new MemoryFiles()
      const taken: { release(): Promise<void> }[] = []
      const all = Promise.allSettled(
        Array.from({ length: 4 }, async () => {
          const lock = await takeLock(files, 'd', seeing('alive'))
          taken.push(lock)
        }),
      )
      await vi.advanceTimersByTimeAsync(10_000)
      await all
      expect(taken.length).toBeLessThanOrEqual(1)
      await taken[0]?.release()
      expect(files.paths()).toEqual([])
      expect(await outcome(takeLock(files, 'd', seeing('alive')))).toBe('taken')
    }
  })

  it.each(['torn', 'killed'] as const)(
    'a crash at any operation of taking it leaves nothing that stands in the way, or stays (%s)',
    async (how) => {
      for (let point = 1; ; point++) {
        const files = new MemoryFiles()
        files.crashAt = point
        const first = await outcome(takeLock(files, 'd', seeing('alive'), timing))
        const next = files.after(how)
        expect(await outcome(takeLock(next, 'd', seeing('dead'), timing))).toBe('taken')
        expect(next.paths()).toHaveLength(1)
        if (first === 'taken') break
      }
    },
  )

  it('whose half-written file is cleared away by the holder that it meets is tried again', async () => {
    const files = new MemoryFiles()
    const held = await takeLock(files, 'd', seeing('alive'))
    let clears = true
    files.fault = (operation, path) => {
      if (!clears || operation !== 'rename' || path.startsWith(held.path)) return
      clears = false
      return files.remove(path)
    }
    expect(await outcome(takeLock(files, 'd', seeing('alive')))).toBe('SAGE_CHECKPOINT_IN_USE')
    expect(clears).toBe(false)
    await held.release()
    clears = true
    expect(await outcome(takeLock(files, 'd', seeing('alive')))).toBe('taken')
    expect(clears).toBe(false)
    expect(files.paths()).toHaveLength(1)
  })
})
