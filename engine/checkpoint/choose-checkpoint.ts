import type { ErrorCode } from '../../codec/errors.ts'
import type { FoundCheckpoint } from './contract.ts'
import type { Manifest } from './manifest.ts'

/** What is known before a job starts. */
export interface ResumeFacts {
  /** `latest`: the newest usable one; `never`: none; or exactly that epoch. */
  readonly resume: 'latest' | 'never' | number
  /** For `latest`: none before that number, and never none. */
  readonly since?: number | undefined
  /** Newest first. */
  readonly candidates: readonly FoundCheckpoint[]
  /** Operators of the program whose sinks cannot take back what they have made visible, by name. */
  readonly finalSinks: readonly string[]
}

/** Where to begin. */
export type ResumeDecision =
  | { readonly kind: 'fresh' }
  | {
      readonly kind: 'resume'
      readonly manifest: Manifest
      /** Newer ones that are left out, newest first: to be told, and to be taken back by the sinks. */
      readonly skipped: readonly FoundCheckpoint[]
    }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string }

/**
 * Where a job begins. One that has checkpoints never starts from zero by itself; an older one is used only where no sink
 * has made later epochs visible beyond recall. A manifest that is there, damaged or not, may have been followed by that.
 */
export function chooseCheckpoint(facts: ResumeFacts): ResumeDecision {
  const { resume, since } = facts
  const candidates = facts.candidates.filter(({ epoch }) => epoch >= (since ?? 0))
  if (resume === 'never') return { kind: 'fresh' }
  if (resume === 'latest' && candidates.length === 0) {
    return since === undefined
      ? { kind: 'fresh' }
      : corrupt(`expected a checkpoint of this job, from ${since} on, got none`)
  }
  const at = candidates.findIndex((candidate) =>
    resume === 'latest' ? isUsable(candidate) : candidate.epoch === resume,
  )
  const chosen = candidates[at]
  if (chosen === undefined) {
    return resume === 'latest'
      ? corrupt(`expected a usable checkpoint, got none: ${damages(candidates)}`)
      : corrupt(`expected checkpoint ${resume}, got none of that number`)
  }
  const { manifest } = chosen
  if (manifest === undefined || !isUsable(chosen)) {
    return corrupt(`expected checkpoint ${resume} to be whole, got ${damages([chosen])}`)
  }
  const skipped = candidates.slice(0, at)
  return (
    refusalToGoBack(manifest, skipped, facts.finalSinks) ?? { kind: 'resume', manifest, skipped }
  )
}

/** Why a job cannot go back to a checkpoint behind `later` ones of its own; undefined: it can. */
export function refusalToGoBack(
  manifest: Manifest,
  later: readonly FoundCheckpoint[],
  finalSinks: readonly string[],
): Extract<ResumeDecision, { kind: 'refuse' }> | undefined {
  const beyond = later.flatMap((one) => finalSinksOf(one, manifest, finalSinks))
  if (beyond.length === 0) return undefined
  const sinks = [...new Set(beyond)].map((name) => `'${name}'`).join(', ')
  return corrupt(
    `expected to resume from checkpoint ${manifest.epoch}, but ${sinks} cannot take back what later ` +
      `checkpoints may have made visible: ${damages(later)}`,
  )
}

function isUsable(candidate: FoundCheckpoint): boolean {
  return candidate.damage === undefined
}

/** Sinks that may have made a later checkpoint visible for good: what is not known of it is assumed. */
function finalSinksOf(
  later: FoundCheckpoint,
  chosen: Manifest,
  program: readonly string[],
): string[] {
  const isFinal = (manifest: Manifest): string[] =>
    manifest.operators.filter(({ visibility }) => visibility === 'final').map(({ name }) => name)
  if (later.manifest !== undefined) return isFinal(later.manifest)
  return [...isFinal(chosen), ...program]
}

function damages(candidates: readonly FoundCheckpoint[]): string {
  return candidates
    .map(({ epoch, damage }) => `checkpoint ${epoch} (${damage ?? 'whole'})`)
    .join('; ')
}

function corrupt(message: string): Extract<ResumeDecision, { kind: 'refuse' }> {
  return { kind: 'refuse', code: 'SAGE_CHECKPOINT_CORRUPT', message }
}
