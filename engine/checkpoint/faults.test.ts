import { describe, expect, it } from 'vitest'
import { KeyedJob, readWhole } from './fixtures/keyed-job.ts'
import { MemoryFiles, type Operation, systemError } from './fixtures/memory-files.ts'
import { findResumePoint } from './resume-point.ts'

async function jobWithOne() {
  const files = new MemoryFiles()
  const job = new KeyedJob(files, 2)
  for (let i = 0; i < 50; i++) job.set(i, `value ${i}`)
  const first = await job.checkpoint()
  job.set(1, 'changed')
  job.set(2, undefined)
  return { files, job, first, state: job.state() }
}

async function latest(files: MemoryFiles) {
  const { store } = new KeyedJob(files, 1)
  const decision = await findResumePoint(store, { resume: 'latest', finalSinks: [], depth: 'all' })
  if (decision.kind !== 'resume') throw new Error(decision.kind)
  return decision.manifest
}

const writing: readonly Operation[] = ['create', 'write', 'sync', 'rename', 'syncDirectory']

describe('when the system refuses', () => {
  it.each([
    ['ENOSPC', ['write']],
    ['ENOSPC', ['create']],
    ['EROFS', ['create', 'rename']],
    ['EIO', ['write']],
    ['EIO', ['sync']],
    ['EIO', ['syncDirectory']],
    ['EIO', ['rename']],
    ['EMFILE', ['create']],
    ['EDQUOT', writing],
  ] as [string, readonly Operation[]][])(
    '%s at %j: it is told, what was there stays, and the next one works',
    async (code, operations) => {
      const { files, job, first, state } = await jobWithOne()
      files.fault = (operation) => {
        if (operations.includes(operation)) throw systemError(code)
      }
      await expect(job.checkpoint(2)).rejects.toMatchObject({
        code: 'SAGE_FILE',
        message: expect.stringContaining(code),
        cause: { code },
      })
      files.fault = () => {}
      await job.store.abort(2)
      expect(await latest(files)).toEqual(first)
      expect(files.paths().filter((path) => path.includes('-2'))).toEqual(
        files.paths().filter((path) => path.endsWith('epoch-2')),
      )
      const next = await job.checkpoint(3)
      expect(await latest(files)).toEqual(next)
      expect(await readWhole(files, next)).toEqual(state)
      expect(files.handles).toBe(0)
    },
  )

  it('at any single operation of a checkpoint: it is told, and what was there is whole', async () => {
    let failures = 0
    for (let at = 1; ; at++) {
      const { files, job, first } = await jobWithOne()
      let operations = 0
      let failed = ''
      files.fault = (operation, path) => {
        if (++operations !== at) return
        failed = `${operation} ${path}`
        throw systemError('EIO')
      }
      const outcome = await job.checkpoint(2).then(
        () => 'complete',
        () => 'failed',
      )
      files.fault = () => {}
      if (failed === '') break
      failures++
      expect(`${outcome} ${failed}`).toMatch(/^failed /)
      expect(await job.store.verify(first, 'all')).toBe(undefined)
      await job.store.abort(2)
      expect(await latest(files)).toEqual(first)
      expect(await latest(files.after('lost'))).toEqual(first)
      await job.checkpoint(3)
      await job.store.retain(1)
      expect(files.handles).toBe(0)
    }
    expect(failures).toBeGreaterThan(20)
  })

  it('a manifest that was told to have failed does not come back without its parts', async () => {
    const { files, job, first } = await jobWithOne()
    files.fault = (operation) => {
      if (operation !== 'syncDirectory' || !files.paths().includes('checkpoints/manifest-2')) return
      files.settle()
      throw systemError('EIO')
    }
    await expect(job.checkpoint(2)).rejects.toMatchObject({ code: 'SAGE_FILE' })
    // Found now, it is as good as complete.
    expect((await latest(files.after('lost'))).epoch).toBe(2)
    files.fault = () => {}
    await job.store.abort(2)
    for (const mode of ['lost', 'manifests late'] as const) {
      const { store } = new KeyedJob(files.after(mode), 1)
      expect(await store.list()).toEqual([{ epoch: 1, manifest: first }])
    }
  })

  it('a room that comes and goes costs checkpoints, never state', async () => {
    const { files, job } = await jobWithOne()
    for (let epoch = 2; epoch < 30; epoch++) {
      const isFull = epoch % 3 !== 0
      let written = 0
      files.fault = (operation) => {
        if (isFull && operation === 'write' && ++written > epoch % 5) throw systemError('ENOSPC')
      }
      job.set('epoch', epoch)
      const before = await job.store.list()
      const taken = await job.checkpoint(epoch).catch(() => undefined)
      expect(taken === undefined).toBe(isFull)
      if (taken === undefined) await job.store.abort(epoch)
      files.fault = () => {}
      if (taken === undefined) expect(await job.store.list()).toEqual(before)
      else expect(await readWhole(files, taken)).toEqual(job.state())
      await job.store.retain(2)
    }
  })

  it('short writes are carried on with', async () => {
    const { files, job, state } = await jobWithOne()
    files.fault = (operation) => (operation === 'write' ? 7 : undefined)
    const manifest = await job.checkpoint()
    files.fault = () => {}
    expect(await job.store.verify(manifest, 'all')).toBe(undefined)
    expect(await readWhole(files, manifest)).toEqual(state)
  })

  it('a write of nothing is an error', async () => {
    const { files, job } = await jobWithOne()
    files.fault = (operation) => (operation === 'write' ? 0 : undefined)
    await expect(job.checkpoint()).rejects.toMatchObject({ code: 'SAGE_FILE' })
  })

  it('files that cannot be removed are removed later', async () => {
    const { files, job } = await jobWithOne()
    await job.checkpoint()
    files.fault = (operation) => {
      if (operation === 'remove') throw systemError('EROFS')
    }
    await expect(job.store.retain(1)).rejects.toMatchObject({ code: 'SAGE_FILE' })
    files.fault = () => {}
    expect(await job.store.retain(1)).toBeGreaterThan(0)
    expect(await job.store.retain(1)).toBe(0)
  })
})
