import { OutputTag } from '../contract/function.ts'
import { functionFactory } from '../contract/function-form.ts'
import type { OperatorCall, OperatorFactory } from '../contract/operator.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'

/** The output of a branch for records whose predicate is truthy. */
export const BRANCH_TRUE = new OutputTag<any>('branch:true')

/** The output of a branch for all other records. */
export const BRANCH_FALSE = new OutputTag<any>('branch:false')

/** Sends each record to one of two side outputs; nothing reaches the main output. */
export function branchFactory(predicate: unknown, constructorOptions?: unknown): OperatorFactory {
  const factory = functionFactory('process', 'branch', predicate, constructorOptions)
  return {
    ...factory,
    create: (context) => {
      const operator = factory.create(context)
      const test = operator.call as OperatorCall
      const call: OperatorCall = (value, ctx, out) => {
        const answer = test(value, ctx, out)
        if (isPromise(answer)) throw promiseReturned('branch')
        out.collectTo(answer ? BRANCH_TRUE : BRANCH_FALSE, value)
      }
      return { ...operator, call }
    },
  }
}
