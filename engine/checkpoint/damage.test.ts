import { beforeAll, describe, expect, it } from 'vitest'
import { DIRECTORY, KeyedJob, readWhole, type WholeState } from './fixtures/keyed-job.ts'
import { MemoryFiles } from './fixtures/memory-files.ts'
import type { Manifest } from './manifest.ts'
import { findResumePoint } from './resume-point.ts'

const EPOCHS = 3
let files: MemoryFiles
const states = new Map<number, WholeState>()
const manifests = new Map<number, Manifest>()

/** The same numbers every time. */
let seed = 20_260_101
function random(below: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}

beforeAll(async () => {
  files = new MemoryFiles()
  const job = new KeyedJob(files, 2)
  for (let i = 0; i < 60; i++)
    job.set(`key ${i}`, { i, text: `value ${i * 7919}`, list: [i, null] })
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    for (let i = 0; i < 10; i++) job.set(`key ${i * epoch}`, { epoch })
    job.toggleTimer('key 1', epoch)
    manifests.set(epoch, await job.checkpoint())
    states.set(epoch, job.state())
  }
})

/** Looks at all checkpoints: those that name the file are left out, the newest of the others is restored. */
async function expectFound(damaged: string): Promise<void> {
  const isHit = (epoch: number) =>
    damaged === `manifest-${epoch}` ||
    manifests.get(epoch)!.parts.some(({ name }) => name === damaged)
  const whole = [3, 2, 1].filter((epoch) => !isHit(epoch))
  const { store } = new KeyedJob(files, 1)
  const decision = await findResumePoint(store, { resume: 'latest', finalSinks: [], depth: 'all' })
  if (whole.length === 0) {
    expect(decision).toMatchObject({ kind: 'refuse', code: 'SAGE_CHECKPOINT_CORRUPT' })
    return
  }
  expect(decision).toMatchObject({ kind: 'resume', manifest: { epoch: whole[0] } })
  if (decision.kind !== 'resume') return
  expect(decision.skipped.map(({ epoch }) => epoch)).toEqual(
    [3, 2, 1].filter((epoch) => epoch > whole[0]),
  )
  expect(await readWhole(files, decision.manifest)).toEqual(states.get(whole[0]))
}

function checkpointFiles(): string[] {
  return files.paths().filter((path) => !path.includes('epoch'))
}

describe('damaged files', () => {
  it('all of 1,000 flipped bits are found, and the newest whole checkpoint is used', async () => {
    const paths = checkpointFiles()
    for (let i = 0; i < 1_000; i++) {
      const path = paths[i % paths.length]
      const bytes = files.content(path)
      const [at, bit] = [random(bytes.length), 1 << random(8)]
      bytes[at] ^= bit
      await expectFound(path.slice(DIRECTORY.length + 1))
      bytes[at] ^= bit
    }
  })

  it('all of 200 truncations are found', async () => {
    const paths = checkpointFiles()
    for (let i = 0; i < 200; i++) {
      const path = paths[i % paths.length]
      const bytes = files.content(path).slice()
      files.replace(path, bytes.slice(0, random(bytes.length)))
      await expectFound(path.slice(DIRECTORY.length + 1))
      files.replace(path, bytes)
    }
  })

  it('and files that have grown, lie in the place of others, or are gone', async () => {
    for (const path of checkpointFiles()) {
      const bytes = files.content(path).slice()
      files.replace(path, new Uint8Array([...bytes, 0]))
      await expectFound(path.slice(DIRECTORY.length + 1))
      const other = checkpointFiles().find((one) => one !== path && one[12] === path[12])!
      files.replace(path, files.content(other))
      await expectFound(path.slice(DIRECTORY.length + 1))
      files.replace(path, bytes)
      if (path.includes('manifest')) continue
      await files.remove(path)
      await expectFound(path.slice(DIRECTORY.length + 1))
      const again = await files.create(path)
      await again.write(bytes, 0)
      await again.close()
    }
  })

  it('a damaged block is found while it is read, too', async () => {
    const path = `${DIRECTORY}/part-3-0-0`
    const bytes = files.content(path)
    bytes[20] ^= 1
    await expect(readWhole(files, manifests.get(3)!)).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_CORRUPT',
      message: expect.stringContaining("'checkpoints/part-3-0-0': expected a block at 16 with CRC"),
    })
    bytes[20] ^= 1
    expect(files.handles).toBe(0)
  })

  it('what cannot be read for now is no damage', async () => {
    for (const [code, damage] of [
      ['EMFILE', false],
      ['EIO', true],
    ] as const) {
      files.fault = (operation) => {
        if (operation === 'read') throw Object.assign(new Error(code), { code })
      }
      const { store } = new KeyedJob(files, 1)
      const looking = store.verify(manifests.get(3)!, 'ends')
      if (damage) expect(await looking).toContain('expected a readable file, got EIO')
      else await expect(looking).rejects.toMatchObject({ code: 'SAGE_FILE' })
      files.fault = () => {}
    }
  })

  it('a file of another version is not taken for a damaged one', async () => {
    const path = `${DIRECTORY}/manifest-3`
    const before = files.content(path).slice()
    const { crc32c } = await import('../../codec/crc32c.ts')
    const view = new DataView(files.content(path).buffer)
    view.setUint16(8, 2, true)
    view.setUint32(12, crc32c(files.content(path), 0, 0, 12), true)
    await expect(new KeyedJob(files, 1).store.list()).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_INCOMPATIBLE',
      message: "checkpoint file 'checkpoints/manifest-3': expected format version 1, got 2",
    })
    files.replace(path, before)
  })
})
