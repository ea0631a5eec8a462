import { LocalEnvironment, StreamError } from 'sage-stream'
import {
  ABORT,
  END,
  ManualClock,
  operatorHarness,
  pause,
  runJob,
  scriptedSource,
  settled,
} from 'sage-stream/testing'
import { describe, expect, it } from 'vitest'
import { Absent, absences, late, Visits, visits } from './visits-job.ts'

it('a whole job', async () => {
  const clicks = [
    { user: 'ada', at: 1_000 },
    { user: 'ada', at: 2_000 },
  ]
  const { result, outputs } = await runJob(visits, clicks, { mode: 'inline' })
  expect(outputs.visits).toEqual(['ada: 2 clicks, ended at 32 s'])
  expect(result.operators.map(({ name, errors }) => [name, errors])).toContainEqual(['Visits', 0])
})

it('a job that is fed, and time that stands still', async () => {
  const clock = new ManualClock()
  await using job = await absences.submit(undefined, { mode: 'inline', clock })
  const absent = job.io.absent[Symbol.asyncIterator]()

  await job.io.seen.pushMany(['ada', 'bob'])
  await settled(job)
  clock.advance('5m')
  await job.io.seen.push('bob')
  await settled(job)
  clock.advance('5m')
  expect(await absent.next()).toMatchObject({ value: 'ada is gone' })
  await settled(job)
  clock.advance('5m')
  expect(await absent.next()).toMatchObject({ value: 'bob is gone' })
})

describe('one function', () => {
  it('in event time', async () => {
    const harness = operatorHarness(Visits)
    const click = (at: number) => harness.push({ user: 'ada', at }, { key: 'ada', timestamp: at })
    click(1_000)
    harness.advanceWatermark(2_000)
    click(1_500)
    expect(harness.sideOutput(late)).toEqual([{ user: 'ada', at: 1_500 }])
    harness.advanceWatermark(31_000)
    expect(harness.output).toEqual(['ada: 1 clicks, ended at 31 s'])
    await harness.end()
  })

  it('in processing time', () => {
    const harness = operatorHarness(Absent)
    harness.push('ada', { key: 'ada' })
    harness.advanceTime('9m')
    expect(harness.output).toEqual([])
    harness.advanceTime('1m')
    expect(harness.output).toEqual(['ada is gone'])
  })

  it('that is a lambda', () => {
    const words = operatorHarness((line: string) => line.split(' '), { shape: 'flatMap' })
    words.push('to be')
    expect(words.output).toEqual(['to', 'be'])
  })

  it('that fails', () => {
    const parse = operatorHarness(JSON.parse, { shape: 'map', errors: 'skip' })
    parse.push('{')
    expect([parse.errors, parse.output]).toEqual([1, []])
    expect(parse.logs[0].message).toContain('JSON')
  })

  it('when there is no room', async () => {
    const harness = operatorHarness(Visits, { pressed: true })
    for (const user of ['ada', 'bob', 'cy']) {
      harness.push({ user, at: 0 }, { key: user, timestamp: 0 })
    }
    await harness.end()
    expect(harness.output).toHaveLength(3)
  })
})

describe('sources that do what a test says', () => {
  it('wait', async () => {
    const clock = new ManualClock()
    const env = new LocalEnvironment('waits', { mode: 'inline', clock })
    const script = ['a', pause('1h'), 'b', END, 'never']
    const letters = env.fromSource(scriptedSource(script)).output('letters')
    await using job = await env.submit()
    const read = letters[Symbol.asyncIterator]()
    expect(await read.next()).toMatchObject({ value: 'a' })
    await settled(job)
    clock.advance('1h')
    expect(await read.next()).toMatchObject({ value: 'b' })
    expect(await read.next()).toMatchObject({ done: true })
  })

  it('fail', async () => {
    const env = new LocalEnvironment('fails', { mode: 'inline' })
    env.fromSource(scriptedSource(['a', ABORT, 'b'])).sink(() => {})
    const failure = await env.submit({ autostop: true }).catch((error) => error)
    expect(failure).toBeInstanceOf(StreamError)
    expect(failure.code).toBe('SAGE_USER_ERROR')
  })
})
