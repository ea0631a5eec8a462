import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeFiles } from '../../operators/contract/node-files.ts'
import { buildManifest } from './build-manifest.ts'
import { DirectorySite, DirectoryStore } from './directory-store.ts'
import { GROUPS, groupsOf, KeyedJob, readWhole } from './fixtures/keyed-job.ts'
import { type Life, live } from './fixtures/life.ts'
import { MemoryFiles } from './fixtures/memory-files.ts'
import { findResumePoint } from './resume-point.ts'
import type { PartFacts } from './state-model.ts'

let directory: string
const children: ChildProcess[] = []

beforeEach(() => {
  directory = `${mkdtempSync(`${tmpdir()}/checkpoint-`)}/of/a job`
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory.slice(0, -'/of/a job'.length), { recursive: true })
})

function start(script: string, ...args: string[]) {
  const file = `${import.meta.dirname}/fixtures/${script}`
  const child = spawn(process.execPath, ['--conditions=source', file, directory, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

describe('the lock', () => {
  it('is another process, until that is killed', async () => {
    const child = start('lock-script.ts')
    await once(child.stdout, 'data')
    const store = new DirectoryStore(directory)
    await expect(store.lock()).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_IN_USE',
      message: expect.stringMatching(`got process ${child.pid} on host '.*' that uses it`),
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = await store.lock()
    expect(readdirSync(directory).length).toBe(1)
    await expect(new DirectoryStore(directory).lock()).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_IN_USE',
    })
    await lock.release()
    expect(readdirSync(directory)).toEqual([])
    await (await new DirectoryStore(directory).lock()).release()
  })
})

describe('on a real disk', () => {
  it('threads write parts at the same time, and any of them may read all', async () => {
    const store = new DirectoryStore(directory)
    await store.begin(await store.nextEpoch())
    const parts = await Promise.all(
      [0, 1, 2].map(async (thread) => {
        const worker = new Worker(new URL('./fixtures/part-worker.ts', import.meta.url), {
          workerData: { site: store.site, thread, groups: GROUPS },
          execArgv: ['--conditions=source'],
        })
        const [facts] = await once(worker, 'message')
        await worker.terminate()
        return facts as PartFacts
      }),
    )
    const operator = { uid: 'count', name: 'count', kind: 'map', parallelism: 3 }
    const manifest = buildManifest({
      job: 'job',
      epoch: 1,
      time: Date.now(),
      savepoint: false,
      maxParallelism: GROUPS,
      operators: [{ ...operator, visibility: 'none' }],
      parts,
    })
    const { path, bytes } = await store.complete(manifest)
    expect(path).toBe(`${directory}/manifest-1`)
    const onDisk = readdirSync(directory).map((name) => statSync(`${directory}/${name}`).size)
    expect(bytes).toBe(onDisk.reduce((a, b) => a + b, 0))
    const reader = new DirectorySite(store.site).open(manifest)
    const seen = new Set<string>()
    for (let subtask = 0; subtask < 5; subtask++) {
      const groups = groupsOf(subtask, 5)
      for await (const { items } of reader.read({ operator: 'count', kind: 'keyed', groups })) {
        for (const { key, group, values } of items) {
          expect(group >= groups.from && group < groups.to).toBe(true)
          seen.add(`${key}: ${values!.value}`)
        }
      }
    }
    expect(seen.size).toBe(60_000)
  })

  it('a process that is killed while it writes leaves the newest complete checkpoint', async () => {
    const life: Life = { states: new Map(), completed: 0 }
    await live(new MemoryFiles(), life)
    let kills = 0
    for (let point = 9; ; point += 11) {
      const child = start('killed-script.ts', `${point}`)
      let said = ''
      child.stdout.on('data', (data) => (said += data))
      await once(child, 'close')
      const completed = Number(/completed (\d)\n(?!completed)/.exec(said)?.[1] ?? 0)
      const { store } = new KeyedJob(nodeFiles, 1, directory)
      const lock = await store.lock()
      const wish = { resume: 'latest', finalSinks: [], depth: 'all' } as const
      const found = await findResumePoint(store, wish)
      if (found.kind === 'resume') {
        expect(found.manifest.epoch).toBeGreaterThanOrEqual(completed)
        const state = await readWhole(nodeFiles, found.manifest, directory)
        expect(state).toEqual(life.states.get(found.manifest.epoch))
      } else expect([found.kind, completed]).toEqual(['fresh', 0])
      await lock.release()
      rmSync(directory, { recursive: true })
      if (said.endsWith('done\n')) break
      expect(child.signalCode).toBe('SIGKILL')
      kills++
    }
    expect(kills).toBeGreaterThan(8)
  })

  it('goes on after a whole life', async () => {
    const life: Life = { states: new Map(), completed: 0 }
    await live(nodeFiles, life, directory)
    const job = new KeyedJob(nodeFiles, 2, directory)
    const [newest] = await job.store.list()
    expect(await job.store.verify(newest.manifest!, 'all')).toBe(undefined)
    await job.restore(newest.manifest!, 5)
    expect(job.state()).toEqual(life.states.get(4))
    expect(await job.store.nextEpoch()).toBe(5)
    await job.store.begin(5)
    expect(readdirSync(directory)).toContain('epoch-5')
    await expect(job.store.begin(5)).rejects.toMatchObject({ code: 'SAGE_FILE' })
  })
})
