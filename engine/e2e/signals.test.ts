import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startScript } from './fixtures/job-module-run.ts'
import { ownFolder } from './fixtures/own-folder.ts'

const exits = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

test.each(exits)('%s stops a script gracefully: drained, exit code 0', async (signal) => {
  const script = startScript('signals-script.ts')
  await script.said('running')
  script.process.kill(signal)
  const { code, stdout, stderr } = await script.ended
  expect(stderr).toBe('')
  expect(stdout).toBe('running\nstopped, all counted: true, seen: 1\n')
  expect(code).toBe(0)
})

test.each(exits)(
  '%s with checkpoints: no window is fired; the next run goes on',
  async (signal) => {
    const root = ownFolder()
    const dir = join(root, 'checkpoints')
    const script = startScript('signals-suspend.ts', [dir])
    await script.said('running')
    script.process.kill(signal)
    const first = await script.ended
    expect([first.code, first.stdout, first.stderr]).toEqual([0, 'running\nstopped\n', ''])
    const second = await startScript('signals-suspend.ts', [dir, 'end']).ended
    expect(second.stdout.match(/start=.*/g)).toEqual([
      'start=0, end=100, value=1',
      'start=100, end=200, value=1',
    ])
    expect(second.stdout.endsWith('finished\n')).toBe(true)
    expect(second.code).toBe(0)
  },
)

test('SIGINT where no checkpoint can be taken: it ends all the same, and fires no window', async () => {
  const root = ownFolder()
  const script = startScript('signals-suspend.ts', [join(root, 'checkpoints'), 'broken'])
  await script.said('running')
  script.process.kill('SIGINT')
  const { code, stdout } = await script.ended
  expect([code, stdout]).toEqual([0, 'running\ncancelled\n'])
})

test.each(exits)('a second %s ends it at once with %i', async (signal, exitCode) => {
  const script = startScript('signals-script.ts', ['stubborn'])
  await script.said('running')
  script.process.kill(signal)
  // The graceful stop never ends here; how often the second signal is sent decides nothing.
  const again = setInterval(() => script.process.kill(signal), 50)
  const { code, stdout } = await script.ended
  clearInterval(again)
  expect(stdout).toBe('running\n')
  expect(code).toBe(exitCode)
})

test('signals: false leaves signals to the process', async () => {
  const script = startScript('signals-script.ts', ['unhandled'])
  await script.said('running')
  script.process.kill('SIGTERM')
  const { code, signal } = await script.ended
  expect([code, signal]).toEqual([null, 'SIGTERM'])
})

test.each(['awaited', 'floating', 'handle', 'floating handle'])(
  'a failed script exits with 1 and says why (%s)',
  async (how) => {
    const { code, stderr } = await startScript('signals-failed.ts', [how]).ended
    expect(code).toBe(1)
    expect(stderr).toContain('SAGE_USER_ERROR')
    expect(stderr).toContain("operator: 'culprit'")
    expect(stderr).toContain('[cause]: RangeError: three is too much')
    expect(stderr.split("code: 'SAGE_USER_ERROR'").length).toBe(2)
  },
)

test('a failure that the script handles is not reported again', async () => {
  const { code, stdout, stderr } = await startScript('signals-failed.ts', ['caught']).ended
  expect([code, stdout, stderr]).toEqual([0, 'caught SAGE_USER_ERROR\n', ''])
})

const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n} ${'.'.repeat(20)}\n`).join('')

test.each([['print'], ['print', 'exit'], ['console']])(
  'all lines arrive, in order: %s %s',
  async (...args) => {
    const { code, stdout, stderr } = await startScript('signals-print.ts', args).ended
    expect(stderr).toBe('')
    expect(stdout === (args[1] === 'exit' ? lines : `${lines}end\n`)).toBe(true)
    expect(code).toBe(0)
  },
)

test.each([['print'], ['console']])(
  'all lines arrive when standard output is read slowly: %s',
  async (...args) => {
    const script = startScript('signals-print.ts', args)
    const { stdout } = script.process
    stdout!.pause()
    // One chunk a turn of a timer: the pipe is full most of the time.
    const read = setInterval(() => {
      stdout!.resume()
      setImmediate(() => stdout!.pause())
    }, 1)
    const { code, stdout: text } = await script.ended
    clearInterval(read)
    expect(text === `${lines}end\n`).toBe(true)
    expect(code).toBe(0)
  },
)
