import { expect, it } from 'vitest'
import { type Progress, progressLine, progressReporter } from './progress.ts'

const progress: Progress = {
  name: 'scoring',
  phase: 'load',
  done: 1234,
  total: 100_000,
  elapsedMs: 1250,
}

function terminal(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, written, write: (text: string) => written.push(text) }
}

it('is a line on a terminal, overwritten and at last wiped out', () => {
  const screen = terminal(true)
  const reporter = progressReporter(undefined, screen)
  reporter.report(progress)
  reporter.report({ ...progress, phase: 'drain', done: 100_000 })
  reporter.end()
  expect(screen.written).toEqual([
    '\r\u001b[Kscoring: 1,234 of 100,000 sent, 1.3 s',
    '\r\u001b[Kscoring: 100,000 of 100,000 arrived, 1.3 s',
    '\r\u001b[K',
  ])
})

it('is nothing elsewhere, and on a terminal where the user is told', () => {
  const file = terminal(false)
  const reporter = progressReporter(undefined, file)
  reporter.report(progress)
  reporter.end()
  const screen = terminal(true)
  const told: Progress[] = []
  const toUser = progressReporter((one) => told.push(one), screen)
  toUser.report(progress)
  toUser.end()
  expect([file.written, screen.written, told]).toEqual([[], [], [progress]])
})

it('keeps to one short line, whatever the name', () => {
  const line = progressLine({ ...progress, phase: 'rounds', name: `a\n\u001b[2J${'x'.repeat(99)}` })
  expect(line).toMatch(/^a [ ]\[2Jx{34}: 1,234 of 100,000 runs done, 1\.3 s$/)
})
