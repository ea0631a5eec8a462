/** Patterns over event time, and what does not become a match; `docs/patterns.md`. */
import { LocalEnvironment, OutputTag, watermarks } from 'sage-stream'

interface Payment {
  readonly card: string
  readonly amount: number
  readonly at: number
}

const seconds = (n: number) => n * 1000
const env = new LocalEnvironment('patterns', { parallelism: 2 })
const payments = env
  .fromCollection<Payment>([
    { card: 'A', amount: 1, at: seconds(1) },
    { card: 'B', amount: 2, at: seconds(3) },
    { card: 'A', amount: 900, at: seconds(9) }, // comes before the one of second 5
    { card: 'A', amount: 2, at: seconds(5) },
    { card: 'A', amount: 40, at: seconds(30) },
    { card: 'B', amount: 700, at: seconds(80) }, // too long after the small one
    { card: 'B', amount: 1, at: seconds(20) }, // late: the watermark has passed it
  ])
  .assignTimestamps((payment) => payment.at, watermarks.boundedOutOfOrderness('10s'))
  .keyBy((payment) => payment.card)

// Small payments that try whether a card works, and then a large one, all within a minute.
const untold = new OutputTag<string>('untold')
const late = new OutputTag<Payment>('late')
const tried = payments
  .pattern((p) =>
    p
      .begin('small')
      .where((payment) => payment.amount < 5)
      .oneOrMore()
      .greedy()
      .followedBy('large')
      .where((payment, { matched }) => payment.amount > 100 * matched.small.length)
      .within('1m')
      .skipPastLastEvent(),
  )
  .timedOut(untold, ({ small }, ctx) => `${ctx.key}: ${small.length} small, and that was all`)
  .lateOutput(late)

tried
  .map(({ small, large: [large] }) => `${large.card}: ${small.length} small, then ${large.amount}`)
  .print('tried')
tried.sideOutput(untold).print('timed out')
tried
  .sideOutput(late)
  .map(({ card, at }) => `${card} at ${at / 1000} s`)
  .print('late')

// Cards that are not used again for twenty seconds.
payments
  .pattern((p) => p.begin('last').notFollowedBy('again').within('20s'))
  .map(({ last: [last] }) => `${last.card} since ${last.at / 1000} s`)
  .print('quiet')

await env.submit({ autostop: true })
