import { describe, expect, it } from 'vitest'
import { DirectoryStore } from './directory-store.ts'
import { KeyedJob, readWhole } from './fixtures/keyed-job.ts'
import { type Life, live } from './fixtures/life.ts'
import { type CrashMode, MemoryFiles } from './fixtures/memory-files.ts'
import { manifestName, parseName } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { findResumePoint } from './resume-point.ts'

async function crashAt(point: number): Promise<{ files: MemoryFiles; life: Life; done: boolean }> {
  const files = new MemoryFiles()
  files.crashAt = point
  const life: Life = { states: new Map(), completed: 0 }
  let done = true
  await live(files, life).catch(() => {
    done = false
  })
  return { files, life, done }
}

async function newest(files: MemoryFiles): Promise<Manifest | undefined> {
  const { store } = new KeyedJob(files, 1)
  const decision = await findResumePoint(store, { resume: 'latest', finalSinks: [], depth: 'all' })
  if (decision.kind === 'refuse') throw new Error(decision.message)
  return decision.kind === 'fresh' ? undefined : decision.manifest
}

/** The next process resumes from the newest complete checkpoint, and goes on. */
async function goOn(files: MemoryFiles, life: Life): Promise<void> {
  const manifest = await newest(files)
  const epoch = manifest?.epoch ?? 0
  expect(epoch).toBeGreaterThanOrEqual(life.completed)
  if (manifest !== undefined) {
    expect(await readWhole(files, manifest)).toEqual(life.states.get(epoch))
  }
  const job = new KeyedJob(files, 2)
  if (manifest !== undefined) await job.restore(manifest, 2)
  job.set('after', 'crash')
  const next = await job.checkpoint()
  expect(next.epoch).toBeGreaterThan(Math.max(epoch, life.completed))
  expect(await readWhole(files, next)).toEqual(job.state())
  await job.store.retain(1)
  const names = files.paths().map((path) => path.split('/')[1])
  const named = [manifestName(next.epoch), ...next.parts.map(({ name }) => name)]
  expect(names.filter((name) => parseName(name)?.kind !== 'epoch')).toEqual(named.sort())
}

it('a directory is durable before anything is written into it', async () => {
  const files = new MemoryFiles()
  await new DirectoryStore('jobs/a', files).begin(1)
  expect(files.log).toEqual([
    'makeDirectory jobs/a',
    'syncDirectory jobs',
    'create jobs/a/epoch-1',
    'close jobs/a/epoch-1',
    'syncDirectory jobs/a',
  ])
})

describe('a crash before any operation on files', () => {
  it.each<CrashMode>(['killed', 'lost', 'torn', 'manifests late', 'manifests early'])(
    'leaves the newest complete checkpoint: %s',
    async (mode) => {
      let points = 0
      for (let isDone = false; !isDone; ) {
        points++
        const { files, life, done } = await crashAt(points)
        isDone = done
        await goOn(files.after(mode), life)
      }
      expect(points).toBeGreaterThan(100)
    },
  )

  it('a crash while the next process cleans up costs nothing either', async () => {
    const { files } = await crashAt(60)
    const before = await newest(files.after('killed'))
    for (let point = 1; point < 40; point++) {
      const next = files.after('killed')
      next.crashAt = point
      const job = new KeyedJob(next, 2)
      await job.store.retain(1).catch(() => {})
      expect(await newest(next.after('killed'))).toEqual(before)
    }
  })

  it('goes back to an earlier checkpoint for good, or not at all', async () => {
    const { files, life } = await crashAt(Number.POSITIVE_INFINITY)
    for (let point = 1; ; point++) {
      const next = files.after('killed')
      next.crashAt = point
      const revoked = await new KeyedJob(next, 2).store.revokeAfter(2).then(
        () => true,
        () => false,
      )
      const after = next.after('lost')
      const found = await newest(after)
      expect(await readWhole(after, found!)).toEqual(life.states.get(found!.epoch))
      expect(found!.epoch).toBe(revoked ? 2 : 4)
      if (revoked) break
    }
  })
})
