import type { ErrorCode } from '../../codec/errors.ts'
import type { Manifest, ManifestOperator } from './manifest.ts'
import type { StateKind } from './state-model.ts'

/** The program that is to go on from a checkpoint. */
export interface Program {
  readonly job: string
  readonly maxParallelism: number
  readonly operators: readonly ProgramOperator[]
}

/** An operator as far as its state is concerned. */
export interface ProgramOperator {
  /** Its uid, or the stable id that the graph gives it. */
  readonly uid: string
  readonly name: string
  readonly parallelism: number
  /** In which form it keeps its state; undefined: in whichever. */
  readonly form?: string | undefined
  /** The kinds of state it may have. */
  readonly keeps: readonly StateKind[]
  /** False: its keys are dealt out by a function of the program, so that its state cannot move. */
  readonly rescalable: boolean
}

/** Which changes of the program are meant. */
export interface Allowed {
  /** State whose operator is gone is dropped. */
  readonly droppedState?: boolean
  /** Operators that the checkpoint has no state of begin without. */
  readonly newState?: boolean
}

/** Whether a program may go on from a checkpoint. */
export type Compatibility =
  | {
      readonly kind: 'compatible'
      /** Names of operators whose state is dropped. */
      readonly dropped: readonly string[]
      /** Names of operators that begin without state. */
      readonly fresh: readonly string[]
    }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string }

/** Compares a program with the one that wrote a checkpoint. Operators are the same if their uids are. */
export function checkCompatibility(
  manifest: Manifest,
  program: Program,
  allowed: Allowed = {},
): Compatibility {
  const { epoch } = manifest
  if (manifest.job !== program.job) {
    return incompatible(epoch, `expected one of job '${program.job}', got one of '${manifest.job}'`)
  }
  if (manifest.maxParallelism !== program.maxParallelism) {
    const { maxParallelism } = program
    return incompatible(
      epoch,
      `expected maxParallelism ${manifest.maxParallelism}, got ${maxParallelism}: it cannot change`,
    )
  }
  const now = new Map(program.operators.map((operator) => [operator.uid, operator]))
  const before = new Map(manifest.operators.map((operator) => [operator.uid, operator]))
  for (const operator of manifest.operators) {
    const problem = compareOperator(epoch, operator, now.get(operator.uid))
    if (problem !== undefined) return problem
  }
  const gone = manifest.operators.filter(
    (operator) => kindsOf(operator).length > 0 && !now.has(operator.uid),
  )
  const fresh = program.operators.filter(({ uid, keeps }) => keeps.length > 0 && !before.has(uid))
  const complaints: string[] = []
  if (gone.length > 0 && allowed.droppedState !== true) {
    complaints.push(
      `no operator has the uid of this state: ${list(gone)} (checkpoint.allow.droppedState would drop it)`,
    )
  }
  if (fresh.length > 0 && allowed.newState !== true) {
    complaints.push(`there is no state of these operators: ${list(fresh)}`)
  }
  if (complaints.length > 0) return incompatible(epoch, complaints.join('; '))
  const names = (operators: readonly { name: string }[]) => operators.map(({ name }) => name)
  return { kind: 'compatible', dropped: names(gone), fresh: names(fresh) }
}

function compareOperator(
  epoch: number,
  before: ManifestOperator,
  now: ProgramOperator | undefined,
): Compatibility | undefined {
  const kinds = kindsOf(before)
  if (now === undefined || kinds.length === 0) return undefined
  const lost = kinds.filter((kind) => !now.keeps.includes(kind))
  if (lost.length > 0) {
    const what = `state of kind ${lost.join(', ')}, of ${list([before])}`
    return incompatible(epoch, `${what}: ${list([now])} keeps ${now.keeps.join(', ') || 'none'}`)
  }
  if (before.form !== undefined && now.form !== undefined && before.form !== now.form) {
    const what = `expected ${list([now])} to keep its state as ${before.form}, got ${now.form}`
    return incompatible(epoch, `${what}: under another uid it could begin without`)
  }
  if (now.rescalable || now.parallelism === before.parallelism) return undefined
  const message =
    `checkpoint ${epoch}: expected ${list([now])} to have parallelism ${before.parallelism}, ` +
    `got ${now.parallelism}: state behind a custom partition function cannot move`
  return { kind: 'refuse', code: 'SAGE_RESCALE', message }
}

/** What an operator has left behind that must not be lost. */
function kindsOf({ states }: ManifestOperator): StateKind[] {
  return [...new Set(states.map(({ kind }) => kind))].filter((kind) => kind !== 'time')
}

function list(operators: readonly { uid: string; name: string }[]): string {
  return operators
    .map(({ uid, name }) => (uid === name ? `'${uid}'` : `'${name}' (uid '${uid}')`))
    .join(', ')
}

function incompatible(epoch: number, what: string): Compatibility {
  const message = `checkpoint ${epoch}: ${what}`
  return { kind: 'refuse', code: 'SAGE_CHECKPOINT_INCOMPATIBLE', message }
}
