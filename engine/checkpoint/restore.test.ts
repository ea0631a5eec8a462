import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyedJob, readWhole, type WholeState } from './fixtures/keyed-job.ts'
import { MemoryFiles } from './fixtures/memory-files.ts'

type Step =
  | { readonly do: 'set'; readonly key: number; readonly value: number | undefined }
  | { readonly do: 'timer'; readonly key: number; readonly at: number }
  | { readonly do: 'read'; readonly partition: string }
  | { readonly do: 'checkpoint'; readonly retain: number }
  | { readonly do: 'failed checkpoint' }
  | { readonly do: 'restart'; readonly parallelism: number; readonly epochsBack: number }

const key = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      key,
      value: fc.option(fc.nat(99), { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('timer' as const), key, at: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      partition: fc.constantFrom('a', 'b'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('checkpoint' as const),
      retain: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'failed checkpoint' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      parallelism: fc.integer({ min: 1, max: 5 }),
      epochsBack: fc.nat(2),
    }),
  },
)

async function run(steps: readonly Step[], parallelism: number): Promise<void> {
  const files = new MemoryFiles()
  let job = new KeyedJob(files, parallelism)
  const expected = new Map<number, WholeState>()
  const check = async () => {
    for (const { epoch, manifest, damage } of await job.store.list()) {
      expect(damage).toBe(undefined)
      expect(await job.store.verify(manifest!, 'all')).toBe(undefined)
      expect(await readWhole(files, manifest!)).toEqual(expected.get(epoch))
    }
  }
  for (const one of steps) {
    if (one.do === 'set') job.set(one.key, one.value)
    else if (one.do === 'timer') job.toggleTimer(one.key, one.at)
    else if (one.do === 'read')
      job.positions[one.partition] = (job.positions[one.partition] ?? 0) + 1
    else if (one.do === 'checkpoint') {
      const { epoch } = await job.checkpoint()
      expected.set(epoch, job.state())
      await job.store.retain(one.retain)
      expect((await job.store.list()).length).toBeLessThanOrEqual(one.retain)
      await check()
    } else if (one.do === 'failed checkpoint') {
      files.fault = (operation, path) => {
        if (operation === 'sync' && path.includes('part')) throw new Error('no')
      }
      const epoch = await job.store.nextEpoch()
      await expect(job.checkpoint(epoch)).rejects.toThrow('no')
      files.fault = () => {}
      await job.store.abort(epoch)
    } else {
      const usable = (await job.store.list()).filter(({ damage }) => damage === undefined)
      const chosen = usable[Math.min(one.epochsBack, usable.length - 1)]
      job = new KeyedJob(files, one.parallelism)
      if (chosen === undefined) continue
      await job.store.revokeAfter(chosen.epoch)
      await job.restore(chosen.manifest!, one.parallelism)
      expect(job.state()).toEqual(expected.get(chosen.epoch))
    }
  }
  expect(files.handles).toBe(0)
}

describe('what is restored', () => {
  it('is what was there at the checkpoint, through deltas, failures and changes of parallelism', async () => {
    const steps = fc.array(step, { maxLength: 60, size: 'max' })
    await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), run), { numRuns: 80 })
  })
})
