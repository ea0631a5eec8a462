import { requireLambda } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { type LogicBuilder, type LogicKind, LogicOperator } from './logic-operator.ts'

/** A `StatefulLogic` per key, made by `builder(resumeState, ctx)`: called record by record. */
export function statefulFactory(builder: unknown): OperatorFactory {
  requireLambda(builder, 'stateful')
  return logicFactory(builder, 'onItem')
}

/** A `StatefulBatchLogic` per key, made by `builder(resumeState, ctx)`: called with all records of its key at hand. */
export function statefulBatchFactory(builder: unknown): OperatorFactory {
  requireLambda(builder, 'statefulBatch')
  return logicFactory(builder, 'onBatch')
}

function logicFactory(builder: LogicBuilder, kind: LogicKind): OperatorFactory {
  return {
    shape: 'process',
    functions: [builder],
    create: (context) => new LogicOperator(context, builder, kind),
  }
}
