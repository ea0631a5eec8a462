import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { changing, type Part } from './fixtures/changed-program-job.ts'
import { modes, NEVER } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { silent } from './fixtures/silent.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = ownFolder()
  path = ownFolder()
})

const unnamed = (...names: string[]) =>
  `job 'changing': operators that keep state have no uid: ${names.map((name) => `'${name}'`).join(', ')}; ` +
  'a changed program may not find it in checkpoints'

describe.each(modes)('%s', (_, mode) => {
  /** Runs a version of the program on one word; what it counts, and what it warns of. */
  async function version(parts: Part[], allow?: object) {
    const warnings: string[] = []
    const config: EnvironmentConfig = {
      ...mode,
      parallelism: 2,
      restart: 'none',
      logger: { ...silent, warning: (line) => void warnings.push(line) },
      checkpoint: { dir, interval: NEVER, ...(allow === undefined ? {} : { allow }) },
    }
    const job = await changing.submit({ parts, path }, config)
    const atStart = [...warnings]
    await job.io.words.push('x')
    const counts: string[] = []
    const counting = parts.filter((part) => !['files', 'map', 'sink'].includes(part))
    if (counting.length > 0)
      for await (const count of job.io.counts) if (counts.push(count) === counting.length) break
    await job.checkpoint()
    await job.checkpoint()
    await job.cancel()
    return { counts: counts.sort(), atStart, later: warnings.slice(atStart.length) }
  }

  it('operators that keep no state come and go', async () => {
    await version(['a'])
    const { counts, atStart, later } = await version(['map', 'sink', 'a'])
    expect([counts, atStart, later]).toEqual([['a x 2'], [], []])
    expect((await version(['a'])).counts).toEqual(['a x 3'])
  })

  it('an operator that is new is refused; newState: true has it begin without state, and that is said', async () => {
    await version(['a'])
    await expect(version(['a', 'b'])).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_INCOMPATIBLE',
      message:
        "checkpoint 2: there is no state of these operators: 'b' (checkpoint.allow.newState would have them begin without)",
    })
    const { counts, atStart } = await version(['a', 'b'], { newState: true })
    expect(counts).toEqual(['a x 2', 'b x 1'])
    expect(atStart).toEqual([
      "job 'changing': checkpoint 2: there is no state of these operators: 'b'; they begin without",
    ])
    const again = await version(['a', 'b'])
    expect([again.counts, again.atStart]).toEqual([['a x 3', 'b x 2'], []])
  })

  it('state whose operator is gone is refused; droppedState: true drops it, and that is said', async () => {
    await version(['a', 'b'])
    await expect(version(['a'])).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_INCOMPATIBLE',
      message:
        "checkpoint 2: no operator has the uid of this state: 'b' (checkpoint.allow.droppedState would drop it)",
    })
    const { counts, atStart } = await version(['a'], { droppedState: true })
    expect(counts).toEqual(['a x 2'])
    expect(atStart).toEqual([
      "job 'changing': checkpoint 2: the state of 'b' is dropped: no operator has its uid",
    ])
    // It is gone for good.
    const later = await version(['a', 'b'], { newState: true })
    expect(later.counts).toEqual(['a x 3', 'b x 1'])
  })

  it('operators without uid that keep state are warned about: as soon as that shows, and once', async () => {
    const first = await version(['asksUnnamed', 'reduce', 'files', 'asks', 'map', 'sink'])
    expect(first.atStart).toEqual([unnamed('reduce', 'FileSink')])
    expect(first.later).toEqual([unnamed('map')])
  })

  it('an older checkpoint is used, and that is said', async () => {
    await version(['a'])
    const [part] = readdirSync(dir).filter((name) => name.startsWith('part-2-'))
    truncateSync(join(dir, part), 100)
    const { counts, atStart } = await version(['a'])
    expect(counts).toEqual(['a x 2'])
    expect(atStart).toEqual([
      expect.stringMatching(
        /^job 'changing': goes on from checkpoint 1; newer ones are left out: checkpoint 2 \(checkpoint file '.*part-2-/,
      ),
    ])
  })
})

it.each([
  [7, 'checkpoint.allow: expected an object, got 7'],
  [{ all: true }, 'checkpoint.allow.all: expected one of droppedState, newState, got "all"'],
  [{ droppedState: 1 }, 'checkpoint.allow.droppedState: expected true or false, got 1'],
])('refuses allow: %o', async (allow, message) => {
  const config = { mode: 'inline', checkpoint: { dir, allow } } as any
  await expect(changing.submit({ parts: [], path }, config)).rejects.toMatchObject({
    code: 'SAGE_CONFIG',
    message,
  })
})
