import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { settled } from '../testing/index.ts'
import { checking, refused, retried } from './fixtures/broadcast-job.ts'
import { ownFolder } from './fixtures/own-folder.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline, fused as far as may be', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 3, maxThreads: 2 }],
]

describe.each(modes)('broadcast state, %s', (_, config) => {
  it('is written by rules, read by facts, and the same on all subtasks', async () => {
    const job = await checking.submit(undefined, config)
    const hits = job.io.hits.toArray()
    const known = job.io.known.toArray()
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`)
    const facts = (amount: number) => job.io.facts.pushMany(users.map((user) => ({ user, amount })))
    await facts(100)
    await settled(job)
    await job.io.rules.push({ id: 'big', above: 50 })
    await job.io.rules.push({ id: 'bigger', above: 99 })
    await settled(job)
    await facts(80)
    await facts(100)
    await settled(job)
    await job.io.rules.push({ id: 'big' })
    await settled(job)
    await facts(100)
    await job.stop()
    const expected = [[], ['big'], ['big', 'bigger'], ['bigger']]
    for (const user of users) {
      const seen = (await hits).filter((hit) => hit.user === user)
      expect(seen.map(({ rules }) => rules)).toEqual(expected)
      expect(seen.map(({ nth }) => nth)).toEqual([1, 2, 3, 4])
    }
    const subtasks = Array.from({ length: config.parallelism! }, (_, subtask) => subtask)
    expect((await known).toSorted()).toEqual(
      ['big', 'big,bigger', 'bigger']
        .flatMap((keys) => subtasks.map((subtask) => `${subtask}: ${keys}`))
        .toSorted(),
    )
  })

  it('is in checkpoints, for every subtask of whatever parallelism', async () => {
    const dir = ownFolder()
    const checkpoint = { dir, interval: Number.POSITIVE_INFINITY }
    const first = await checking.submit(undefined, { ...config, checkpoint })
    await first.io.rules.push({ id: 'big', above: 50 })
    await first.checkpoint()
    await first.cancel()
    const parallelism = config.parallelism === 1 ? 2 : 1
    const job = await checking.submit(undefined, { ...config, parallelism, checkpoint })
    const hits = job.io.hits.toArray()
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`)
    await job.io.facts.pushMany(users.map((user) => ({ user, amount: 60 })))
    await job.stop()
    expect((await hits).map(({ rules }) => rules)).toEqual(users.map(() => ['big']))
  })

  it('a retry may write what the first attempt might have', async () => {
    const job = await retried.submit(undefined, { ...config, parallelism: 1 })
    const out = job.io.out.toArray()
    await job.io.rules.push('a')
    await settled(job)
    await job.io.facts.pushMany(['a', 'b'])
    await job.stop()
    expect(await out).toEqual([2, 'none'])
  })
})

it.each([
  ['set', 'facts', 'SAGE_STATE', "broadcastState('rules').set of 'coMap': expected to be called"],
  ['delete', 'facts', 'SAGE_STATE', 'the record at hand is of another input'],
  ['clear', 'facts', 'SAGE_STATE', 'while a record of a broadcast input is processed'],
  ['read', 'alone', 'SAGE_STATE', 'expected an operator with a broadcast input'],
  ['keyed', 'rules', 'SAGE_NOT_KEYED', 'but there is none, or one without a key'],
  ['noName', 'rules', 'SAGE_OPTION', 'expected the name of a state'],
  ['unencodable', 'rules', 'SAGE_CODEC_UNSUPPORTED', 'function'],
] as const)('refuses %s from %s: %s', async (what, side, code, message) => {
  await expect(refused.run({ what, side }, { mode: 'inline' })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})
