import { LocalEnvironment, StreamState } from 'sage-stream'

interface Click {
  readonly page: string
  readonly at: number
}

interface Statistics {
  readonly lastUpdate: number
  readonly count: number
}

// Shared by all functions of the job, on all of its threads. `process` gets it, too.
const state = new StreamState()

const env = new LocalEnvironment('connected-state', { parallelism: 2 })
const web = env.fromGenerator(1000, (i): Click => ({ page: `/${i % 3}`, at: i }))
const app = env.fromGenerator(500, (i): Click => ({ page: `/${i % 3}`, at: 2 * i }))

// Before the streams meet, on two threads each.
const counted = [web, app].map((clicks) =>
  clicks.inspect(({ page }) => {
    state.increment('counter')
    state.increment(['clicks', page])
  }),
)

counted[0]
  .connect(counted[1])
  .process((streams, state) => {
    let found = 0
    for (const stream of streams) {
      for (const { page, at } of stream) {
        found++
        if (at === 0) state.append('events', `first click on ${page}`)
        state.update<Statistics>('statistics', (current = { lastUpdate: 0, count: 0 }) => ({
          lastUpdate: Math.max(current.lastUpdate, at),
          count: current.count + 1,
        }))
      }
    }
    // The last call finds nothing: all clicks have come.
    return found > 0 ? [] : ['counter', ['clicks', '/0'], 'events', 'statistics']
  })
  .map((key) => ({ key, value: state.get(key) }))
  .print()

await env.submit({ autostop: true })
