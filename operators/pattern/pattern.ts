import type { Duration } from '../../codec/duration.ts'

/** What a condition may look at beside its event. Valid during the call. */
export interface ConditionContext<M> {
  /** The time of the event: event time where timestamps are assigned, else processing time (ms since the epoch). */
  readonly timestamp: number
  /**
   * The events that the partial match has taken so far, by stage, in their order; an empty array for
   * a stage that has taken none. Made anew by every reading, at a cost in proportion to the number
   * of events: for the latest event of a stage, `last` is cheaper. The events must not be changed.
   */
  readonly matched: { readonly [N in keyof M]: Readonly<M[N]> }
  /** The latest event that the partial match has taken for a stage; undefined where it has none. */
  last<N extends keyof M>(stage: N): M[N] extends readonly (infer E)[] ? E | undefined : never
}

/** The record of a match of which `N` takes events of type `S`. */
export type Taking<M, N extends string, S> = {
  [K in keyof M | N]: K extends keyof M ? M[K] : S[]
}

/** The record of the matches of a pattern: an array of events for each stage that takes events. */
export type MatchOf<P> = P extends Pattern<any, infer M> ? M : never

/** Where a pattern starts: what the function given to `pattern(…)` gets. */
export interface PatternStart<T> {
  /**
   * The first stage. Every event may begin a match.
   *
   * @throws StreamError `SAGE_OPTION` for a name that is empty or no string
   */
  begin<const N extends string>(stage: N): TakingStage<T, {}, N, T>
}

/**
 * A pattern over events of type `T`, whose matches are records of type `M`: `{ a: A[], b: B[] }`, an
 * array of events for each stage, empty for an optional stage that took none. The semantics are those
 * of Flink CEP.
 *
 * Patterns never change: every method returns a new one, so a common beginning can be used twice.
 * Mistakes are `SAGE_OPTION`, thrown by the method at fault or, for those that only the whole shows,
 * when the pattern is handed over.
 */
export interface Pattern<T, M> {
  /** Strict: the event must come directly behind the one before. */
  next<const N extends string>(stage: N): TakingStage<T, M, N, T>
  /** Relaxed: events that do not satisfy the stage's condition may come between. */
  followedBy<const N extends string>(stage: N): TakingStage<T, M, N, T>
  /** Relaxed and not determined: any events may come between, so each that satisfies the condition makes a match. */
  followedByAny<const N extends string>(stage: N): TakingStage<T, M, N, T>
  /**
   * The event directly behind the one before must not satisfy the condition. At the end of a pattern
   * the match is complete with the next event. May not follow an optional stage.
   */
  notNext(stage: string): NotStage<T, M>
  /**
   * No event between the stage before and the stage behind may satisfy the condition; behind a stage
   * of several events none may from its first event on. At the end of a pattern it needs `within`: the
   * match is complete when that time has passed. May not follow an optional stage.
   */
  notFollowedBy(stage: string): NotStage<T, M>
  /**
   * The time that a match may take: its last event comes less than this behind its first. A partial
   * match that has not ended by then is timed out. Of several the shortest counts. Finite and > 0.
   */
  within(duration: Duration): this
  /** Every match counts, whatever it shares with others. The default. */
  noSkip(): this
  /** A match ends all others that begin with the same event. */
  skipToNext(): this
  /** A match ends all others that begin with one of its events, or before its last one. */
  skipPastLastEvent(): this
  /** A match ends all others that begin before its first event of this stage; none, where it has no such event. */
  skipToFirst(stage: keyof M & string): this
  /** A match ends all others that begin before its last event of this stage; none, where it has no such event. */
  skipToLast(stage: keyof M & string): this
  /** Of the types only. */
  readonly __match?: M
}

/** A pattern that ends with a stage `N` that takes events of type `S`, behind stages `M`. */
export interface TakingStage<T, M, N extends string, S> extends Pattern<T, Taking<M, N, S>> {
  /**
   * The event must satisfy the condition, too. Type guards narrow the stage's events.
   *
   * A condition of one parameter is called at most once per event; one with two is called for each
   * partial match that could go on. What it throws fails the event; the partial matches stay as
   * they were.
   */
  where<U extends S>(
    condition: (value: S, ctx: ConditionContext<Taking<M, N, S>>) => value is U,
  ): TakingStage<T, M, N, U>
  where(condition: (value: S, ctx: ConditionContext<Taking<M, N, S>>) => unknown): this
  /** The event must satisfy the conditions so far, or this one. The first condition of a stage stands alone. */
  or<U extends T>(
    condition: (value: T, ctx: ConditionContext<Taking<M, N, S>>) => value is U,
  ): TakingStage<T, M, N, S | U>
  or(
    condition: (value: T, ctx: ConditionContext<Taking<M, N, S>>) => unknown,
  ): TakingStage<T, M, N, T>
  /** One or more events. Without `within` or `until` their matches go on for ever. */
  oneOrMore(): this
  /** Exactly so many events, at most 10,000; or from `min` to `max`, where 0 to `max` is 1 to `max` or none. */
  times(count: number): this
  times(min: number, max: number): this
  /** So many events or more. */
  timesOrMore(min: number): this
  /** The stage's own events come directly behind each other. Only behind a quantifier. */
  consecutive(): this
  /** Any events may come between the stage's own, also such as it would take. Only behind a quantifier. */
  allowCombinations(): this
  /** The stage may take no event at all. */
  optional(): this
  /**
   * The stage takes as many events as it can: a match that has gone on to the stages behind ends when an
   * event comes that this stage could have taken. Without effect at the end of a pattern. Only behind
   * a quantifier, not with `allowCombinations`.
   */
  greedy(): this
  /** The stage takes no more events once one satisfies the condition. Only for `oneOrMore` and `timesOrMore`. */
  until(condition: (value: T, ctx: ConditionContext<Taking<M, N, S>>) => unknown): this
}

/** A pattern that ends with what must not come. Its events are in no match. */
export interface NotStage<T, M> extends Pattern<T, M> {
  /** What must not come satisfies this condition, too. Without a condition it is every event. */
  where(condition: (value: T, ctx: ConditionContext<M>) => unknown): this
  /** What must not come satisfies the conditions so far, or this one. */
  or(condition: (value: T, ctx: ConditionContext<M>) => unknown): this
}
