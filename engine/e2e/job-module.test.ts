import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineJob, LocalEnvironment } from '../index.ts'
import { threadsOf } from './fixtures/failures-threads.ts'
import {
  type Difference,
  greedy,
  missing,
  unequal,
  unreachable,
  whereabouts,
} from './fixtures/job-module-jobs.ts'
// @ts-expect-error It has no types; what matters is that it runs.
import { squares as squaresJs } from './fixtures/job-module-plain.js'
// @ts-expect-error The same.
import { squares as squaresMjs } from './fixtures/job-module-plain.mjs'
import { runScript } from './fixtures/job-module-run.ts'

const small = { parallelism: 1, maxThreads: 1 }

beforeAll(() => {
  process.env.SAGE_TEST_HOME = 'here'
})
afterAll(() => {
  delete process.env.SAGE_TEST_HOME
})

const failure = (run: Promise<unknown>): Promise<any> =>
  run.then(
    () => undefined,
    (error: unknown) => error,
  )

/** Which operator differs, and what is said of it. */
const differences: readonly (readonly [Difference, RegExp])[] = [
  ['random name', /operator 1: expected map 'add 0\.\d+' .*, got map 'add 0\.\d+' /],
  ['option', /operator 1: expected map 'add' .*errors="?fail.*, got map 'add' .*errors="?skip/],
  ['parallelism', /operator 1: expected map 'add' [\s\S]*, got map 'add' [\s\S]*parallelism=2/],
  ['count', /operator 2: expected output 'sums' .*, got filter 'filter' /],
  [
    'text',
    /operator 1: expected map 'add' [\s\S]*return n \+ \d+[\s\S]*, got map 'add' [\s\S]*return n \+ \d+/,
  ],
]

test.each(differences)(
  'a graph that differs between threads (%s) is refused',
  async (difference, message) => {
    const error = await failure(unequal.run(difference, small))
    expect(error.code).toBe('SAGE_GRAPH_MISMATCH')
    expect(error.message).toMatch(message)
  },
)

test('the same graph everywhere is not', async () => {
  const { outputs } = await unequal.run('none', small)
  expect(outputs.sums).toEqual([1, 2, 3])
})

test('workers know that they are, and have argv and env of the main thread', async () => {
  const { outputs } = await whereabouts.run(undefined, small)
  expect(outputs.seen).toEqual([
    { isWorker: true, builtOnWorker: true, argv: process.argv, home: 'here' },
  ])
  const inline = await whereabouts.run(undefined, { ...small, mode: 'inline' })
  expect(inline.outputs.seen).toEqual([
    { isWorker: false, builtOnWorker: false, argv: process.argv, home: 'here' },
  ])
})

test.each([
  ['.js', squaresJs],
  ['.mjs', squaresMjs],
])('a job module may be %s', async (_, squares) => {
  expect((await squares.run(undefined, small)).outputs).toEqual({ squares: [1, 4, 9] })
})

test('a definition that workers do not find', async () => {
  const error = await failure(missing.run(undefined, small))
  expect(error.code).toBe('SAGE_JOB_MODULE')
  expect(error.message).toContain(
    "expected defineJob(import.meta.url, 'missing', …) when it is imported, found none",
  )
  expect(error.message).toContain('keep job modules as files of their own')
})

test('a definition under the URL of a file that does not exist', async () => {
  const nowhere = defineJob(
    new URL('./fixtures/nowhere.ts', import.meta.url).href,
    'nowhere',
    (env) => {
      env.fromCollection([1]).sink(() => {})
      return {}
    },
  )
  const error = await failure(nowhere.submit(undefined, small))
  expect(error.code).toBe('SAGE_JOB_MODULE')
  expect(error.message).toContain('nowhere.ts')
  expect(error.cause.code).toBe('ERR_MODULE_NOT_FOUND')
})

test.each(['output', 'stream'] as const)(
  'an %s that is not returned: SAGE_OUTPUT_UNREACHABLE, without a thread',
  async (what) => {
    const { value, threads } = await threadsOf(() => failure(unreachable.submit(what, small)))
    expect(value.code).toBe('SAGE_OUTPUT_UNREACHABLE')
    expect(value.message).toContain(what === 'output' ? "'doubles'" : "'numbers'")
    expect(threads).toEqual([])
  },
)

test.each(['threads', 'inline'] as const)('parameters are copies (%s)', async (mode) => {
  const params = { left: [7, 8, 9] }
  expect((await greedy.run(params, { ...small, mode })).outputs.taken).toEqual([7])
  expect(params.left).toEqual([7, 8, 9])
  const error = await failure(greedy.submit({ left: [(() => 1) as never] }, { ...small, mode }))
  expect(error.code).toBe('SAGE_OPTION')
  expect(error.message).toContain('params: expected data that can be cloned')
})

test('inline, closures over local variables work', async () => {
  const seen: number[] = []
  const env = new LocalEnvironment('closure', { ...small, mode: 'inline', signals: false })
  env
    .fromCollection([1, 2, 3])
    .map((n) => n + seen.length)
    .sink((n) => void seen.push(n))
  await env.submit({ autostop: true })
  expect(seen).toEqual([1, 3, 5])
})

test.each([['submit'], ['submit', 'floating'], ['run']])(
  'a server that is its own job module: %s %s',
  async (...args) => {
    const { code, stdout } = await runScript('job-module-server.ts', args)
    expect(stdout).toContain('SAGE_JOB_MODULE')
    expect(stdout).toContain(
      `own.${args[0]}() was reached on a worker thread: keep job modules as files of their own`,
    )
    expect(code).toBe(0)
  },
)

const found =
  'found none; if a helper constructs it, pass { module: import.meta.url } of the file that is the job'
const scripts: readonly (readonly [readonly string[], string])[] = [
  [['plain', 'argument'], 'plain: argument from env\nbelow plain\n'],
  [['subclass'], 'own: constructed by a subclass\nbelow own\n'],
  [
    ['hidden'],
    `SAGE_JOB_MODULE job module job-module-helper.ts: expected it to construct an environment named 'hidden' when it is imported, ${found}\n`,
  ],
  [['module'], 'shown: told by { module }\nbelow shown\n'],
  [
    ['throws'],
    'SAGE_JOB_MODULE job module job-module-scripts.ts: cannot be imported: RangeError: not here\n',
  ],
  [['two'], 'first\nsecond\n'],
  [['two', 'reversed'], 'second\nfirst\n'],
  [
    ['late'],
    'early: the first\nbelow early\nSAGE_JOB_MODULE job module job-module-scripts.ts: ' +
      "the submit of 'early' stands in the way: construct all environments before the first submit\n",
  ],
  [['floating'], "[ 'NOT', 'AWAITED' ] finished\n"],
  [
    ['rejects'],
    'SAGE_UNHANDLED_REJECTION unhandled rejection on a worker thread: TypeError: in passing\n',
  ],
]

test.each(scripts)('script form: %s', async (args, expected) => {
  const { stdout, code } = await runScript('job-module-scripts.ts', args, {
    SAGE_TEST_HOME: 'from env',
  })
  expect(stdout).toBe(expected)
  expect(code).toBe(0)
})

test('script form: two jobs of one module at once', async () => {
  const { stdout } = await runScript('job-module-scripts.ts', ['two at once'])
  expect(stdout.split('\n').sort()).toEqual(['', 'first', 'second'])
})

test('script form: code that is in no file', async () => {
  const code = `
    import { LocalEnvironment } from 'sage-stream'
    const env = new LocalEnvironment('nowhere')
    env.fromCollection([1]).print()
    await env.submit({ autostop: true }).catch(({ code, message }) => console.log(code, message))`
  const options = ['--conditions=source', '--input-type=module', '--eval', code]
  const { stdout } = await promisify(execFile)(process.execPath, options)
  expect(stdout).toMatch(
    /^SAGE_JOB_MODULE expected the environment to be constructed in a file that/,
  )
})
