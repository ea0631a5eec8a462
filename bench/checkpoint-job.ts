import { defineJob } from 'sage-stream'

/** A visit of one user. */
export interface Visit {
  readonly user: number
  /** Whether its number is told. */
  readonly told: boolean
}

/** What is kept of each user. */
interface Profile {
  visits: number
  readonly notes: string
}

/** How much text there is of a user: with its numbers, a user takes about 1,000 bytes of a checkpoint. */
const NOTES_LENGTH = 980

/** Visits are counted by user. The first `users` of them come from a source, one of each. */
export const profiles = defineJob(import.meta.url, 'profiles', (env, users: number) => {
  const visits = env.createStream<Visit>('visits')
  const first = env.fromGenerator(users, (user): Visit => ({ user, told: false }), {
    parallelism: 1,
  })
  const counts = visits
    .union(first)
    .keyBy((visit) => visit.user)
    .map(
      ({ user, told }, ctx) => {
        const profile = ctx.state('profile', () => newProfile(user))
        const { visits, notes } = profile.value
        profile.value = { visits: visits + 1, notes }
        return { told, visits: visits + 1 }
      },
      { name: 'count' },
    )
  return {
    visits,
    counts: counts.filter(({ told }) => told).output('counts'),
  }
})

const newProfile = (user: number): Profile => ({
  visits: 0,
  notes: `${user},`.repeat(Math.ceil(NOTES_LENGTH / `${user},`.length)).slice(0, NOTES_LENGTH),
})
