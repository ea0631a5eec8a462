import { defineJob } from 'sage-stream'

export interface Login {
  readonly user: string
  readonly country: string
  readonly at: number
}

export interface Purchase {
  readonly id: number
  readonly user: string
  readonly country: string
  readonly amount: number
  readonly at: number
}

export interface Fraud {
  readonly id: number
  readonly user: string
  readonly reason: string
}

/** What is known of a user between two calls. */
interface Known {
  readonly country: string
  readonly at: number
}

/**
 * Purchases that do not fit the login before them: from another country, or of a large amount within seconds. A user's
 * events meet in one place, so the function sees one user at a time.
 */
export const fraudDetection = defineJob(
  import.meta.url,
  'fraud-detection',
  (env, params: { largeAmount: number }) => {
    const logins = env.createStream<Login>('logins')
    const purchases = env.createStream<Purchase>('purchases')
    const frauds = logins
      .connect(purchases)
      .keyBy((event) => event.user)
      .onError((streamId, error) => {
        console.error(`Error in stream ${streamId}: ${error.message}`)
        return 'continue'
      })
      .process(([ofLogins, ofPurchases], state) => {
        const found: Fraud[] = []
        for (const { user, country, at } of ofLogins) state.set(['login', user], { country, at })
        for (const { id, user, country, amount, at } of ofPurchases) {
          const login = state.get<Known>(['login', user])
          const reason =
            login === undefined
              ? 'no login'
              : login.country !== country
                ? `logged in from ${login.country}, bought from ${country}`
                : amount >= params.largeAmount && at - login.at < 10_000
                  ? `${amount} within seconds of the login`
                  : undefined
          if (reason !== undefined) found.push({ id, user, reason })
        }
        state.increment('frauds', found.length)
        return found
      })
    return { logins, purchases, frauds: frauds.output('frauds') }
  },
)
