import { ConnectedStreams, LocalEnvironment } from 'sage-stream'

interface Activity {
  readonly userId: string
  readonly action: string
}

interface Profile {
  readonly userId: string
  readonly name: string
  readonly tier: string
}

const env = new LocalEnvironment('connected-join', { parallelism: 2 })
const activityStream = env.fromCollection<Activity>([
  { userId: 'u1', action: 'view' },
  { userId: 'u2', action: 'buy' },
  { userId: 'u1', action: 'buy' },
  { userId: 'u9', action: 'view' },
])
const profileStream = env.fromCollection<Profile>([
  { userId: 'u1', name: 'Ada', tier: 'gold' },
  { userId: 'u2', name: 'Bob', tier: 'silver' },
  { userId: 'u3', name: 'Cid', tier: 'gold' },
])

const connected = new ConnectedStreams([activityStream, profileStream])

// Join on the user.
const joined = connected.join({ joinType: 'inner', keyFn: (item) => item.userId })

const enrichedStream = joined.processBatch((joinedData) =>
  joinedData.map(([activity, profile]) => ({
    ...activity,
    userName: profile.name,
    userTier: profile.tier,
  })),
)
enrichedStream.print('enriched')

// Join on a condition; what has no partner within an hour is in the rows, too, beside null.
connected
  .join({
    joinType: 'outer',
    condition: (activity, profile) => activity.userId === profile.userId,
    within: '1h',
  })
  .flatMap(([activity, profile]) => {
    if (activity === null) return [`${profile?.name} did nothing`]
    return profile === null ? [`nobody knows ${activity.userId}`] : []
  })
  .print('alone')

await env.submit({ autostop: true })
