import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { LocalEnvironment } from '../index.ts'
import { doubling, scripted } from './fixtures/kit-jobs.ts'
import {
  END,
  ManualClock,
  operatorHarness,
  pause,
  runJob,
  scriptedSource,
  settled,
} from './index.ts'

// The examples of the kit's docstrings, word for word; the last test holds them together.

it('a job that is fed', async () => {
  await using job = await doubling.submit(undefined, { mode: 'inline' })
  await job.io.numbers.pushMany([1, 2, 3])
  await settled(job)
  const doubles = job.io.doubles[Symbol.asyncIterator]()
  expect((await doubles.next()).value).toBe(2)
})

it('a job that reads its own sources', async () => {
  const { result, outputs } = await runJob(scripted, 'ends', { mode: 'inline' })
  expect([result.status, outputs.all]).toEqual(['finished', ['A']])
})

it('settled', async () => {
  await using job = await doubling.submit(undefined, { mode: 'inline' })
  const doubles: number[] = []
  void (async () => {
    for await (const n of job.io.doubles) doubles.push(n)
  })()
  await job.io.numbers.pushMany([1, 2, 3])
  await settled(job)
  expect(doubles).toEqual([2, 4, 6])
})

it('ManualClock', async () => {
  const clock = new ManualClock(1_000)
  await using job = await scripted.submit('pauses', { clock }) // ['a', pause('10s'), 'b', …]
  const records = job.io.all[Symbol.asyncIterator]()
  expect((await records.next()).value).toBe('A')
  await settled(job) // it has reached the pause
  clock.advance('10s')
  expect((await records.next()).value).toBe('B')
})

it('scriptedSource', async () => {
  const clock = new ManualClock()
  const clicks = [{ at: 1 }, pause('10s'), { at: 2 }, END, { at: 3 }]
  const env = new LocalEnvironment('clicks', { mode: 'inline', clock })
  const ats = env
    .fromSource(scriptedSource(clicks))
    .map(({ at }) => at)
    .output('ats')
  const job = await env.submit()
  await settled(job)
  clock.advance('10s')
  expect(await ats.toArray()).toEqual([1, 2])
})

it('operatorHarness', () => {
  const words = operatorHarness((line: string) => line.split(' '), { shape: 'flatMap' })
  words.push('to be', { key: 'k' })
  expect(words.output).toEqual(['to', 'be'])
})

it('the docstrings say what is tested here', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const plain = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .join('\n')
  const tested = plain(read('examples.test.ts'))
  const harness = '../../operators/testing/'
  const files = [
    'index.ts',
    'settled.ts',
    `${harness}manual-clock.ts`,
    `${harness}scripted-source.ts`,
    `${harness}operator-harness.ts`,
  ]
  const examples = files.flatMap((file) =>
    [...read(file).matchAll(/ \* ```ts\n(.*?) \* ```/gs)].map(([, lines]) =>
      plain(lines.replaceAll(/^ \* ?/gm, '')),
    ),
  )
  expect(examples).toHaveLength(6)
  for (const example of examples) expect(tested).toContain(example)
})
