import { LocalEnvironment } from 'sage-stream'

type Event =
  | { readonly type: 'login'; readonly userId: string; readonly timestamp: number }
  | {
      readonly type: 'purchase'
      readonly userId: string
      readonly timestamp: number
      readonly amount: number
    }

const env = new LocalEnvironment('connected-events')
const logins = env.fromCollection<Event>([
  { type: 'login', userId: 'ada', timestamp: 1_000 },
  { type: 'login', userId: 'bob', timestamp: 65_000 },
  { type: 'login', userId: 'cid', timestamp: 130_000 },
])
const purchases = env.fromCollection<Event>([
  { type: 'purchase', userId: 'ada', timestamp: 4_000, amount: 12 },
  { type: 'purchase', userId: 'cid', timestamp: 135_000, amount: 90 },
])

// Batches of what is within half a minute, not of what comes to hand.
const connected = logins
  .connect(purchases)
  .synchronize({ type: 'timestamp', tolerance: '30s', timestamp: (event) => event.timestamp })

const result = connected.process((streams) => {
  const events = streams.flatMap((stream) => [...stream]).sort((a, b) => a.timestamp - b.timestamp)

  // A login followed by a purchase of the same user.
  return events.flatMap((next, i) => {
    const current = events[i - 1]
    if (current?.type !== 'login' || next.type !== 'purchase') return []
    if (current.userId !== next.userId) return []
    return {
      pattern: 'login_purchase',
      userId: current.userId,
      loginTime: current.timestamp,
      purchaseTime: next.timestamp,
      purchaseAmount: next.amount,
    }
  })
})
result.print()

await env.submit({ autostop: true })
