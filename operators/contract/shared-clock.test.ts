import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isSharedClock, SharedTime } from './shared-clock.ts'

it('keeps any finite time, for all who see its memory', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (ms) => {
      const memory = SharedTime.allocate()
      new SharedTime(memory).set(ms)
      expect(new SharedTime(memory).now()).toBe(ms)
    }),
  )
})

it('adds up what several threads add', async () => {
  const memory = SharedTime.allocate()
  const url = new URL('./shared-clock.ts', import.meta.url).href
  const code = `
    const { workerData } = require('node:worker_threads')
    import(${JSON.stringify(url)}).then(({ SharedTime }) => {
      const time = new SharedTime(workerData)
      for (let i = 0; i < 20_000; i++) time.add(0.5)
    })`
  const workers = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData: memory }))
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))))
  expect(new SharedTime(memory).now()).toBe(30_000)
})

it('knows a shared clock by its shape', () => {
  const now = () => 0
  const onChange = () => () => {}
  const sharedTime = SharedTime.allocate()
  expect(
    [
      { now, sharedTime, onChange },
      { now },
      { now, sharedTime },
      { now, onChange, sharedTime: new ArrayBuffer(8) },
      'system',
      null,
    ].map(isSharedClock),
  ).toEqual([true, false, false, false, false, false])
})
