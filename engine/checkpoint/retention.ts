import { manifestName, parseName, type StoredName } from './layout.ts'
import type { Manifest } from './manifest.ts'

/** What is known of a directory. */
export interface RetentionFacts {
  /** The names of its files. */
  readonly names: readonly string[]
  /** The checkpoints that can be used, as far as is known. */
  readonly usable: readonly Manifest[]
  /** How many usable ones to keep; at least 1. */
  readonly count: number
  /** Checkpoints in progress. */
  readonly active: readonly ActiveEpoch[]
}

/** A checkpoint in progress. */
export interface ActiveEpoch {
  readonly epoch: number
  /** The one that its deltas stand on. */
  readonly base?: number
}

/** What to remove: manifests first, durably, then what they named. */
export interface Removal {
  readonly manifests: readonly string[]
  readonly others: readonly string[]
}

/**
 * What is not needed: all that neither the newest usable checkpoints nor those in progress name. Nothing goes as long as
 * no checkpoint is usable.
 *
 * A manifest that is damaged or revoked, or a savepoint that the job has left with, stays until a newer checkpoint is complete, with all that may belong to it: that it is there
 * tells that sinks may have made its epoch visible. Likewise the marks of numbers that are used.
 */
export function planRetention(facts: RetentionFacts): Removal {
  const { count, active } = facts
  const usable = facts.usable.toSorted((a, b) => b.epoch - a.epoch)
  const newest = usable[0]?.epoch
  if (newest === undefined) return { manifests: [], others: [] }
  const bases = new Set(active.map(({ base }) => base))
  const kept = usable.filter(({ epoch }, i) => i < count || bases.has(epoch))
  const named = new Set(
    kept.flatMap(({ epoch, parts }) => [manifestName(epoch), ...parts.map(({ name }) => name)]),
  )
  const files = facts.names.map(parseName).filter((file) => file !== undefined)
  const newestManifest = Math.max(...files.filter(isManifest).map(({ epoch }) => epoch))
  const inProgress = new Set(active.map(({ epoch }) => epoch))
  const isNeeded = ({ name, kind, epoch }: StoredName): boolean => {
    if (named.has(name) || inProgress.has(epoch)) return true
    if (kind === 'epoch') return epoch >= newest
    return epoch > newest && epoch <= newestManifest && kind !== 'unfinished'
  }
  const needless = files.filter((file) => !isNeeded(file))
  return {
    manifests: needless.filter(isManifest).map(({ name }) => name),
    others: needless.filter((file) => !isManifest(file)).map(({ name }) => name),
  }
}

function isManifest({ kind }: StoredName): boolean {
  return kind === 'manifest' || kind === 'revoked' || kind === 'left'
}
