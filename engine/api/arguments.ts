import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { checkErrorPolicy } from '../../operators/contract/error-policy.ts'
import { OutputTag } from '../../operators/contract/function.ts'
import {
  isClass,
  requireFunction,
  type UserFunction,
} from '../../operators/contract/function-form.ts'
import { checkParallelism } from '../job/config.ts'
import type { OperatorOptions } from './options.ts'

/** Throws for a value that an option may not have; `where` names the option. */
export type OptionRule = (value: unknown, where: string) => void

/** Rules of options beyond those that every operator takes. */
export type OptionRules = Readonly<Record<string, OptionRule>>

/** Operator options that were checked, with those of the rules beside them. */
export type CheckedOptions = OperatorOptions & Readonly<Record<string, unknown>>

/** What a call with a function in first place was given. */
export interface FunctionArguments {
  readonly fn: UserFunction
  readonly constructorOptions: unknown
  readonly options: CheckedOptions
}

/** The plan checks against the environment's `maxParallelism`, which may still change at submit. */
const MAX_PARALLELISM = 32768

const operatorRules: OptionRules = {
  name: requireText,
  uid: requireText,
  parallelism: requireParallelism,
  errors: (value, where) => void checkErrorPolicy(value, where),
}

/**
 * Reads `(fn, options?)` or `(Class, constructorOptions?, options?)`. Throws `SAGE_OPTION` for what
 * is no function and for wrong options, `SAGE_PARALLELISM`.
 */
export function functionArguments(
  method: string,
  fn: unknown,
  rest: readonly unknown[],
  rules?: OptionRules,
): FunctionArguments {
  requireFunction(fn, method)
  const [constructorOptions, last] = isClass(fn) ? rest : [undefined, rest[0]]
  const most = isClass(fn) ? 2 : 1
  if (rest.length > most) {
    const form = isClass(fn) ? '(Class, constructorOptions, options)' : '(fn, options)'
    throw new StreamError(
      'SAGE_OPTION',
      `${method}: expected ${form}, got ${describe(rest[most])} behind them`,
    )
  }
  return { fn, constructorOptions, options: operatorOptions(method, last, rules) }
}

/** Checks the options of an operator. An option that is `undefined` is not given. */
export function operatorOptions(
  method: string,
  options: unknown,
  rules: OptionRules = {},
): CheckedOptions {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new StreamError(
      'SAGE_OPTION',
      `${method}: expected options, an object, got ${describe(options)}`,
    )
  }
  const checked: Record<string, unknown> = {}
  for (const [option, value] of Object.entries(options)) {
    const rule = ownRule(rules, option) ?? ownRule(operatorRules, option)
    if (rule === undefined) throw unknownOption(method, option, rules)
    if (value === undefined) continue
    rule(value, `${method}.${option}`)
    checked[option] = value
  }
  return checked
}

/** Options of an operator with a stepId, which is its uid and default name. */
export function stepOptions(
  method: string,
  stepId: unknown,
  options: unknown,
  rules?: OptionRules,
): CheckedOptions {
  requireText(stepId, `${method} stepId`)
  const checked = operatorOptions(method, options, rules)
  if (checked.uid !== undefined && checked.uid !== stepId) {
    throw new StreamError(
      'SAGE_OPTION',
      `${method}.uid: expected none beside the stepId '${stepId}', got ${describe(checked.uid)}`,
    )
  }
  return { name: stepId as string, ...checked, uid: stepId as string }
}

/** Rule: a string that is not empty. */
export function requireText(value: unknown, where: string): void {
  if (typeof value === 'string' && value !== '') return
  throw new StreamError('SAGE_OPTION', `${where}: expected a string, got ${describe(value)}`)
}

/** Refuses what is no `OutputTag`: `SAGE_OPTION`. */
export function requireTag(tag: unknown, where: string): asserts tag is OutputTag<any> {
  if (tag instanceof OutputTag) return
  throw new StreamError('SAGE_OPTION', `${where}: expected an OutputTag, got ${describe(tag)}`)
}

/** Rule: how many records may wait, or promises be in flight. */
export function requireCapacity(value: unknown, where: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return
  throw new StreamError('SAGE_OPTION', `${where}: expected an integer >= 1, got ${describe(value)}`)
}

/** Rule: how often something is done again. */
export function requireCount(value: unknown, where: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return
  throw new StreamError('SAGE_OPTION', `${where}: expected an integer >= 0, got ${describe(value)}`)
}

/** Rule: a duration. */
export function requireDuration(value: unknown, where: string): void {
  durationMs(value as Duration, where)
}

/** Rule: true or false. */
export function requireBoolean(value: unknown, where: string): void {
  if (typeof value === 'boolean') return
  throw new StreamError('SAGE_OPTION', `${where}: expected true or false, got ${describe(value)}`)
}

/** Checks that an option is one of a few words. */
export function requireOneOf<W extends string>(
  value: unknown,
  words: readonly W[],
  where: string,
): asserts value is W {
  if (words.includes(value as W)) return
  const list = words.map((word) => `'${word}'`).join(', ')
  throw new StreamError('SAGE_OPTION', `${where}: expected ${list}, got ${describe(value)}`)
}

/** Rule: one of a few words. */
export function oneOf(words: readonly string[]): OptionRule {
  return (value, where) => requireOneOf(value, words, where)
}

/** Rule: an integer from 1. Throws `SAGE_PARALLELISM`. */
export function requireParallelism(value: unknown, where: string): void {
  checkParallelism(value, MAX_PARALLELISM, where)
}

/** Rule: anything. */
export function allowAny(): void {}

function ownRule(rules: OptionRules, option: string): OptionRule | undefined {
  return Object.hasOwn(rules, option) ? rules[option] : undefined
}

function unknownOption(method: string, option: string, rules: OptionRules): StreamError {
  const known = [...Object.keys(rules), ...Object.keys(operatorRules)].join(', ')
  return new StreamError(
    'SAGE_OPTION',
    `${method}: expected options ${known}, got ${describe(option)}`,
  )
}
