/** Windows and patterns; `docs/library.md`, "Windows" and "Patterns". */
import { LocalEnvironment, OutputTag, tumbling, watermarks } from 'sage-stream'

interface Attempt {
  readonly user: string
  readonly ok: boolean
  readonly at: number
}

const seconds = (n: number) => n * 1000
const env = new LocalEnvironment('windows', { parallelism: 2 })
const attempts = env
  .fromCollection<Attempt>([
    { user: 'ada', ok: false, at: seconds(1) },
    { user: 'ada', ok: false, at: seconds(4) },
    { user: 'bob', ok: true, at: seconds(5) },
    { user: 'ada', ok: false, at: seconds(3) },
    { user: 'ada', ok: true, at: seconds(14) },
    { user: 'ada', ok: true, at: seconds(2) }, // late: its window has closed
  ])
  .assignTimestamps((attempt) => attempt.at, watermarks.boundedOutOfOrderness('2s'))
  .keyBy((attempt) => attempt.user)

// How often in each ten seconds, by user. What comes too late is kept apart.
const late = new OutputTag<Attempt>('late')
const counts = attempts.window(tumbling('10s')).lateOutput(late).count()
counts.map(({ key, start, value }) => `${key} from ${start / 1000} s: ${value}`).print('windows')
counts
  .sideOutput(late)
  .map(({ user, at }) => `${user} at ${at / 1000} s`)
  .print('late')

// An aggregate of your own. With `merge` each sender reduces what it sends.
attempts
  .window(tumbling('1m'))
  .aggregate({
    create: () => ({ failed: 0, all: 0 }),
    add: (sum, { ok }) => ({ failed: sum.failed + (ok ? 0 : 1), all: sum.all + 1 }),
    merge: (a, b) => ({ failed: a.failed + b.failed, all: a.all + b.all }),
    result: ({ failed, all }) => failed / all,
  })
  .map(({ key, value }) => `${key} ${value.toFixed(2)}`)
  .print('failed')

// Three failures and then a success, within a minute.
attempts
  .pattern((p) =>
    p
      .begin('failed')
      .where((attempt) => !attempt.ok)
      .times(3)
      .followedBy('in')
      .where((attempt) => attempt.ok)
      .within('1m'),
  )
  .map(({ failed, in: [last] }) => `${last.user} failed ${failed.length} times, and is in`)
  .print('guessed')

await env.submit({ autostop: true })
