import { expect, test } from 'vitest'
import { runScript } from './fixtures/job-module-run.ts'

test.each([
  ['threads', 21],
  ['inline', 300],
])(
  'jobs leave nothing behind (%s, %i times), and the process ends by itself',
  async (mode, cycles) => {
    const { code, stdout, stderr } = await runScript('leaks-script.ts', [mode, String(cycles)], {
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
    })
    expect(stderr).toBe('')
    const { before, after } = JSON.parse(stdout)
    expect(after).toEqual(before)
    expect(after.threads).toBe(0)
    expect(after.objects[0]).toBe('0 JobHandle')
    expect(after.resources).not.toContain('MessagePort')
    expect(code).toBe(0)
  },
  120_000,
)

test.each(['threads', 'inline'])(
  'a running job keeps its process alive until it ends, unref() lets it go (%s)',
  async (mode) => {
    const kept = await runScript('leaks-unref.ts', [mode, 'keep'])
    expect([kept.code, kept.stdout, kept.stderr]).toEqual([0, 'left while stopped\n', ''])
    const left = await runScript('leaks-unref.ts', [mode, 'unref'])
    expect([left.code, left.stdout, left.stderr]).toEqual([0, 'left while running\n', ''])
  },
)

test('jobs that wait use no CPU: none of their threads goes on', async () => {
  const { code, stdout, stderr } = await runScript('idle-script.ts')
  expect([code, stderr]).toEqual([0, ''])
  const { cpuMs, wakeUps } = JSON.parse(stdout)
  // One thread that spins would use a second, one that looks every 10 ms would be woken a hundred times.
  expect(wakeUps).toBeLessThan(50)
  expect(cpuMs).toBeLessThan(250)
})
