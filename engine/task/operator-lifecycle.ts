import type { Awaitable } from '../../operators/contract/source.ts'
import type { ChainOperator } from './chain-model.ts'
import { asStreamError } from './error-gate.ts'
import type { TaskParts } from './task-parts.ts'

type Opened = Pick<TaskParts, 'operators' | 'source' | 'subtask'>

/** Opens the operators, sinks first, so that none receives a record before it is open. */
export async function openAll({ operators, subtask }: Opened): Promise<void> {
  for (const made of [...operators].reverse())
    await placed(made, subtask, () => made.operator.open?.())
}

/** The end of a job that has succeeded: sinks publish; then all is closed, also where that fails. */
export async function completeAll(parts: Opened): Promise<void> {
  const { operators, source, subtask } = parts
  try {
    if (source !== undefined) await placed(operators[0], subtask, () => source.close())
    for (const made of operators) await placed(made, subtask, () => made.operator.complete?.())
  } catch (error) {
    await closeAll(parts).catch(() => {})
    throw error
  }
  await closeAll(parts)
}

/** Closes the source and all operators, whatever one of them throws; then throws the first of that. */
export async function closeAll({ operators, source, subtask }: Opened): Promise<void> {
  const closings = operators.map(
    (made) => () => placed(made, subtask, () => made.operator.close?.()),
  )
  if (source !== undefined)
    closings.unshift(() => placed(operators[0], subtask, () => source.close()))
  const failures: unknown[] = []
  for (const close of closings) await close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** What an operator throws outside of a record's way, as an error that says which operator it was. */
async function placed(
  { name }: ChainOperator,
  subtask: number,
  call: () => Awaitable<void> | undefined,
): Promise<void> {
  try {
    await call()
  } catch (error) {
    throw asStreamError(error, name, subtask)
  }
}
