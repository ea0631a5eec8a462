import { StreamError } from '../../codec/errors.ts'
import { cloneValue } from '../../codec/value.ts'
import { MapFunction } from './function.ts'
import type { Operator } from './operator.ts'

/**
 * A `MapFunction` whose fields are its state: they belong to its subtask, are in every checkpoint, and are put back after
 * construction and before `open()`. What it keeps per key belongs into `ctx.state` instead, which moves with its key.
 *
 * ```ts
 * class Counter extends StatefulFunction<unknown, string> {
 *   count = 0
 *   execute(data: unknown) {
 *     this.count++
 *     return `Processed ${this.count} items: ${data}`
 *   }
 * }
 * ```
 *
 * It also serves `filter`, `flatMap` and `sink`, where `execute` gives what these ask for.
 *
 * Fields that are state must be data. Fields in `#` are nobody else's: they are never saved.
 */
export abstract class StatefulFunction<T = any, R = any> extends MapFunction<T, R> {
  /** It may keep its records: they are no views. */
  static readonly keepsRecords = true
  /** The fields that are state. Empty (default): all but those of `stateExclude`. */
  static stateInclude: readonly string[] = []
  /** Fields that are no state, where `stateInclude` names none. `ctx` never is any. */
  static stateExclude: readonly string[] = []

  /**
   * Deals the states of all subtasks out to `parallelism` ones: one state each. Without it the operator cannot resume under another
   * parallelism (`SAGE_RESCALE`).
   */
  static redistribute?(
    states: readonly Readonly<Record<string, any>>[],
    parallelism: number,
  ): readonly Readonly<Record<string, unknown>>[]

  /**
   * A copy of the fields that are state, as they stand. The engine calls it for every checkpoint, so functions need not; a call of
   * one's own tells whether all of it can be saved.
   *
   * @throws StreamError `SAGE_CODEC_UNSUPPORTED` for a field that is no data
   */
  saveState(): Record<string, unknown> {
    const saved: Record<string, unknown> = {}
    for (const name of stateFields(this))
      saved[name] = copyOf(this, name, (this as Record<string, unknown>)[name])
    return saved
  }
}

/** What of an operator saves the fields of a `StatefulFunction`; nothing for other functions. */
export function fieldState(instance: object): Pick<Operator, 'snapshot' | 'restore'> {
  // Not `instanceof`: a job module may load the package by another path than the engine did.
  if (typeof (instance as { saveState?: unknown }).saveState !== 'function') return {}
  return {
    snapshot: () => (instance as StatefulFunction).saveState(),
    restore: (saved: Readonly<Record<string, unknown>>) => {
      for (const [name, value] of Object.entries(saved)) Reflect.set(instance, name, value)
    },
  }
}

function stateFields(instance: object): string[] {
  const { stateInclude, stateExclude } = instance.constructor as typeof StatefulFunction
  const names =
    stateInclude.length > 0
      ? stateInclude
      : Object.keys(instance).filter((name) => !stateExclude.includes(name))
  return names.filter((name) => name !== 'ctx')
}

function copyOf(instance: object, name: string, value: unknown): unknown {
  try {
    return cloneValue(value)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new StreamError(
      'SAGE_CODEC_UNSUPPORTED',
      `${instance.constructor.name}.${name}: expected a field of a StatefulFunction to be data: ${what}; ` +
        `leave it out with static stateExclude = ['${name}']`,
      { cause: error },
    )
  }
}
