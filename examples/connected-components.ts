/** An algorithm on a graph, as messages that go round between its nodes; `docs/loops.md`. */
import {
  type Collector,
  LocalEnvironment,
  OutputTag,
  ProcessFunction,
  type RuntimeContext,
} from 'sage-stream'
import { friendships, withInstructor } from './fixtures/karate-club.ts'

/** To a member: that it has a friend, or that a member of so small a number is among those that it can reach. */
interface Message {
  readonly to: number
  readonly friend?: number
  readonly smallest?: number
}

/** Where a member belongs, as far as it knows. */
interface Group {
  readonly member: number
  readonly smallest: number
}

/** Every member tells its friends of the smallest number that it has heard of. */
class Member extends ProcessFunction<Message, Group> {
  static readonly tells = new OutputTag<Message>('tells')

  process({ to, friend, smallest }: Message, ctx: RuntimeContext, out: Collector<Group>): void {
    const known = ctx.state('smallest', () => to)
    const friends = ctx.listState<number>('friends')
    if (friend !== undefined) {
      friends.add(friend)
      out.collectTo(Member.tells, { to: friend, smallest: known.value })
    } else if (smallest !== undefined && smallest < known.value) {
      known.value = smallest
      for (const other of friends.get()) out.collectTo(Member.tells, { to: other, smallest })
    } else return
    out.collect({ member: to, smallest: known.value })
  }
}

const env = new LocalEnvironment('connected-components', { parallelism: 2 })

// The club has fallen apart: no friendship lasts across the two factions.
const lasting = friendships.filter(([a, b]) => withInstructor.has(a) === withInstructor.has(b))

const told = env.fromFuture<Message>('told')
const groups = env
  .fromCollection(lasting)
  .flatMap(([a, b]): Message[] => [
    { to: a, friend: b },
    { to: b, friend: a },
  ])
  .union(told)
  .keyBy(({ to }) => to)
  .process(Member)
groups.sideOutput(Member.tells).fillFuture(told)

// What each has come to know when nobody has anything to tell any more.
groups
  .keyBy(({ member }) => member)
  .reduceFinal('last word', (before, group) => (group.smallest < before.smallest ? group : before))
  .entries()
  .keyBy(([, { smallest }]) => smallest)
  .foldFinal(
    'size',
    () => 0,
    (size) => size + 1,
  )
  .entries()
  .map(([smallest, size]) => `the group of member ${smallest}: ${size} members`)
  .print('groups')

await env.submit({ autostop: true })
