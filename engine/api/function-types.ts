import type { RuntimeContext } from '../../operators/contract/context.ts'
import type { JoinEmitMode } from '../../operators/stateful/join-table.ts'
import type { OperatorOptions } from './options.ts'

/** A record function: the record, and what it may ask of the engine. */
export type Lambda<T, K, R> = (value: T, ctx: RuntimeContext<K>) => R

/** A function class, made once per subtask as `new Class(constructorOptions)`. */
export type ClassOf<I, O> = new (options: O) => I

/**
 * What follows a function class: its constructor's options where it has any, then those of the
 * operator.
 */
export type ClassArguments<O, Options = OperatorOptions> = undefined extends O
  ? [constructorOptions?: NoInfer<O>, options?: Options]
  : [constructorOptions: NoInfer<O>, options?: Options]

/** A result without `null` and `undefined`, which mean "no output". */
export type Present<R> = NonNullable<R>

/**
 * Makes `fn: (…) => R & Sync<R>` refuse functions that return promises, with a message in the
 * error: a promise is never a record.
 */
export type Sync<R> = 0 extends 1 & R
  ? unknown
  : [Extract<R, PromiseLike<unknown>>] extends [never]
    ? unknown
    : 'a promise is never a record: use asyncMap'

/**
 * Anything but a promise, as a constraint. Unlike {@link Sync} it can be decided for a type
 * parameter, so it is what lets functions of a generic stream through.
 */
export type NotPromise =
  | { toString(): string; then?: 'a promise is never a record: use asyncMap' }
  | null
  | undefined
  | void

/** What a `flatMap` lambda may return: its items, or nothing. */
export type Items<R> = Iterable<R | null | undefined> | null | undefined | void

/** The records in what a function returned that returns {@link Items}: also where it returns one of several kinds. */
export type ItemOf<R> = R extends string | Bytes
  ? R
  : R extends Iterable<infer E>
    ? Present<E>
    : never

/** What counts as one item although it can be iterated. */
export type Bytes = ArrayBuffer | ArrayBufferView

/** The records in what a join returns: the items of an iterable, or a single row. */
export type JoinRow<R> = R extends string
  ? R
  : R extends Iterable<infer E>
    ? Present<E>
    : R extends void
      ? never
      : Present<R>

/** The record type of a join class: that of `execute`, or those of `left` and `right`. */
export type JoinResult<I> = I extends {
  left(...args: any[]): infer L
  right(...args: any[]): infer R
}
  ? JoinRow<L | R>
  : I extends { execute?(...args: any[]): infer R }
    ? JoinRow<R>
    : never

/** What a row of a keyed join is: a value of each side, perhaps null unless rows are complete. */
export type KeyedRow<Row extends readonly unknown[], E extends JoinEmitMode> = E extends 'complete'
  ? Row
  : { [I in keyof Row]: Row[I] | null }

/** The record type of a co-map class: the union of what `map0`, `map1`, … return. */
export type CoMapResult<I> = Present<
  { [M in keyof I]: M extends `map${number}` ? ResultOf<I[M]> : never }[keyof I]
>

/** The records in what a function returns. */
export type ResultOf<F> = F extends (...args: any[]) => infer R ? Present<R> : never
