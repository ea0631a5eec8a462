import { expect, test } from 'vitest'
import { startScript } from './fixtures/job-module-run.ts'

const warning =
  "WARNING environment 'forgotten': it was never submitted, so none of its operators has run; call env.submit()\n"

test.each([
  ['forgotten', 0, warning],
  ['submitted', 0, ''],
  ['closed', 0, ''],
  ['no sink', 0, ''],
  ['silent', 0, ''],
  ['failed', 3, ''],
])('a script that does not submit tells so at its end: %s', async (how, code, stderr) => {
  const script = startScript('forgotten-submit-script.ts', [how])
  expect(await script.ended).toMatchObject({ code, stderr, stdout: '' })
})
