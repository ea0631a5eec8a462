/** State per key; `docs/library.md`, "State of a key". */
import { LocalEnvironment, MapFunction } from 'sage-stream'

interface Visit {
  readonly user: string
  readonly page: string
}

const env = new LocalEnvironment('state', { parallelism: 2 })
const visits = env
  .fromCollection<Visit>([
    { user: 'ada', page: 'home' },
    { user: 'bob', page: 'home' },
    { user: 'ada', page: 'shop' },
    { user: 'ada', page: 'home' },
  ])
  .keyBy((visit) => visit.user)

// A value. `init` gives it to a key that has none.
visits
  .map(({ page }, ctx) => {
    const count = ctx.state('count', () => 0)
    count.value++
    return `${ctx.key}, visit ${count.value}: ${page}`
  })
  .print('value')

/** A list and a map. */
class History extends MapFunction<Visit, string> {
  override execute({ user, page }: Visit): string {
    const path = this.ctx.listState<string>('path')
    path.add(page)
    const seen = this.ctx.mapState<string, number>('seen')
    seen.set(page, (seen.get(page) ?? 0) + 1)
    return `${user}: ${path.get().join(' > ')}; ${page} ${seen.get(page)}x`
  }
}
visits.map(History).print('history')

// Gone an hour after it was last set. `clear()`, null and undefined take it away at once.
visits
  .filter(({ page }, ctx) => {
    const last = ctx.state<string>('last', () => '', { ttl: '1h' })
    const isNew = last.value !== page
    last.value = page
    return isNew
  })
  .map(({ user, page }) => `${user} went to ${page}`)
  .print('new')

await env.submit({ autostop: true })
