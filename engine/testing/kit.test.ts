import { describe, expect, it, vi } from 'vitest'
import { SharedTime } from '../../operators/contract/shared-clock.ts'
import { type EnvironmentConfig, LocalEnvironment } from '../index.ts'
import { doubling, printing, scripted, times } from './fixtures/kit-jobs.ts'
import { reading } from './fixtures/reading.ts'
import { ManualClock, runJob, scriptedSource, settled } from './index.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline' }],
  ['threads', { parallelism: 2, maxThreads: 2 }],
]

describe.each(modes)('%s', (mode, config) => {
  it('a ManualClock is the time of a job on all its threads', async () => {
    const clock = new ManualClock(7)
    const jobs = await Promise.all([
      times.submit(undefined, { ...config, clock }),
      times.submit(undefined, { ...config, clock }),
    ])
    const seen = jobs.map(({ io }) => reading(io.answers))
    for (const move of [() => {}, () => clock.advance('1s'), () => clock.set(3)]) {
      move()
      for (const job of jobs) await job.io.asks.push('at')
      await Promise.all(jobs.map(settled))
    }
    expect(seen).toEqual([
      ['at 7', 'at 1007', 'at 3'],
      ['at 7', 'at 1007', 'at 3'],
    ])
    await Promise.all(jobs.map((job) => job.stop()))
  })

  it('a script fails at ABORT', async () => {
    const job = await scripted.submit('aborts', config)
    await expect(job.io.all.toArray()).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'script',
    })
    await expect(job.finished).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'script',
    })
    if (mode === 'threads') return
    // The same script on the same thread.
    const again = await runJob(scripted, 'aborts', config)
    expect(again.outputs.all).toEqual(['A', 'B'])
  })
})

const inline: EnvironmentConfig = { mode: 'inline' }

it('a job rings at its clock’s changes while it lives', async () => {
  const wakes = new Set<() => void>()
  const sharedTime = SharedTime.allocate()
  const clock = {
    now: () => 0,
    sharedTime,
    onChange: (wake: () => void) => {
      wakes.add(wake)
      return () => void wakes.delete(wake)
    },
  }
  const job = await times.submit(undefined, { ...inline, clock })
  expect(wakes.size).toBe(1)
  for (const wake of wakes) wake()
  await job.stop()
  expect(wakes.size).toBe(0)
})

it('a script ends at END', async () => {
  const { outputs } = await runJob(scripted, 'ends', inline)
  expect(outputs.all).toEqual(['A'])
})

it('a script goes on behind ABORT where the policy lets it', async () => {
  const { outputs, result } = await runJob(scripted, 'skips', { ...inline, errors: 'skip' })
  expect(outputs.all).toEqual(['A', 'B'])
  expect(result.operators[0]).toMatchObject({ name: 'script', errors: 1 })
})

it('a script that pauses for ever ends at a stop', async () => {
  await using job = await scripted.submit('forever', { ...inline, clock: new ManualClock() })
  const seen = reading(job.io.all)
  await settled(job)
  expect(seen).toEqual(['A'])
})

it('settled waits until standard output has taken what is printed', async () => {
  await using job = await printing.submit(undefined, inline)
  const lines: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text))
    if (lines.length === 1) setImmediate(() => process.stdout.emit('drain'))
    return lines.length > 1
  })
  try {
    await job.io.numbers.push(1)
    await settled(job)
    await job.io.numbers.push(2)
    await settled(job)
  } finally {
    write.mockRestore()
  }
  expect(lines).toEqual(['1\n', '2\n'])
})

it('runJob gives the result and the outputs', async () => {
  const { result, outputs } = await runJob(doubling, undefined, inline)
  expect([result.status, outputs.doubles]).toEqual(['finished', []])
})

it('a scripted source reads by the clock of a closure’s environment', async () => {
  const env = new LocalEnvironment('closure', { mode: 'inline', clock: new ManualClock(5) })
  const out = env
    .fromSource(scriptedSource(['x']))
    .map((text, ctx) => `${text}${ctx.clock.now()}`)
    .output('out')
  const job = await env.submit()
  expect(await out.toArray()).toEqual(['x5'])
  await job.finished
})

it('other clocks stay in inline mode', async () => {
  const clock = { now: () => 3 }
  await expect(times.submit(undefined, { clock })).rejects.toMatchObject({
    code: 'SAGE_CONFIG',
    message: expect.stringContaining('ManualClock'),
  })
  await using job = await times.submit(undefined, { clock, mode: 'inline' })
  const seen = reading(job.io.answers)
  await job.io.asks.push('at')
  await settled(job)
  expect(seen).toEqual(['at 3'])
})
