import { visits } from './visits-job.ts'

const { outputs } = await visits.run([
  { user: 'ada', at: 1_000 },
  { user: 'ada', at: 4_000 },
  { user: 'ada', at: 2_000 }, // out of order, but not by more than 5 s
  { user: 'bob', at: 60_000 }, // now nothing before 55 s is waited for
  { user: 'ada', at: 3_000 }, // late
])
for (const visit of outputs.visits) console.log(visit)
for (const { user, at } of outputs.late) console.log(`late: ${user} at ${at / 1000} s`)
