import type { ConditionContext, MatchOf, PatternStart } from './pattern.ts'

// Compiled by `tsc`, never run: what a user sees of the types.

type Equal<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false
declare function same<Expected>(): <Got>(value: Got, equal: Equal<Expected, Got>) => void

interface Login {
  type: 'login'
  user: string
}
interface Purchase {
  type: 'purchase'
  user: string
  amount: number
}
type Activity = Login | Purchase

declare const p: PatternStart<Activity>
declare function isPurchase(event: Activity): event is Purchase
declare function matchOf<P>(pattern: P): MatchOf<P>

// A match has an array for each stage that takes events.
same<{ a: Activity[] }>()(matchOf(p.begin('a')), true)
same<{ a: Activity[]; b: Activity[]; d: Activity[] }>()(
  matchOf(p.begin('a').next('b').oneOrMore().notFollowedBy('c').where(isPurchase).followedBy('d')),
  true,
)

// Type guards narrow, also those that the compiler infers, and also behind other conditions.
same<{ login: Login[]; purchase: Purchase[] }>()(
  matchOf(
    p
      .begin('login')
      .where((event) => event.type === 'login')
      .followedBy('purchase')
      .where((event) => event.user !== '')
      .where(isPurchase)
      .where((event) => event.amount > 1)
      .times(2)
      .optional()
      .within('1h')
      .skipToLast('purchase'),
  ),
  true,
)

// `or` widens.
same<{ a: Activity[] }>()(
  matchOf(
    p
      .begin('a')
      .where(isPurchase)
      .or((event) => event.type === 'login'),
  ),
  true,
)
same<{ a: Activity[] }>()(
  matchOf(
    p
      .begin('a')
      .where(isPurchase)
      .or((event) => event.user === ''),
  ),
  true,
)

// Conditions know the stages so far, and their own.
p.begin('a')
  .where(isPurchase)
  .next('b')
  .where((_event, ctx) => {
    same<ConditionContext<{ a: Purchase[]; b: Activity[] }>>()(ctx, true)
    same<readonly Purchase[]>()(ctx.matched.a, true)
    same<Purchase | undefined>()(ctx.last('a'), true)
    // @ts-expect-error no such stage
    ctx.last('c')
    // @ts-expect-error the events must not be changed
    ctx.matched.a.push()
    return ctx.timestamp > 0
  })

// @ts-expect-error a login has no amount
p.begin('a').where((event) => event.amount > 1)
// @ts-expect-error no such stage so far
p.begin('a').skipToFirst('b').next('b')
// @ts-expect-error what must not come is not counted
p.begin('a').notNext('b').oneOrMore()
// @ts-expect-error a pattern starts with begin
p.next('a')
// @ts-expect-error not a duration
p.begin('a').within('soon')
