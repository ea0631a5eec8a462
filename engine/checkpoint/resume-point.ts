import { chooseCheckpoint, type ResumeDecision, type ResumeFacts } from './choose-checkpoint.ts'
import type { CheckpointStore, FoundCheckpoint } from './contract.ts'

/** What the program wants, and how closely to look: see `CheckpointStore.verify`. */
export interface ResumeWish extends Omit<ResumeFacts, 'candidates'> {
  readonly depth: 'ends' | 'all'
}

/**
 * Looks at the checkpoints of a store, as far as it has to, and decides where a job begins.
 *
 * @throws StreamError `SAGE_FILE` when that cannot be told for now, `SAGE_CHECKPOINT_INCOMPATIBLE` for another format
 */
export async function findResumePoint(
  store: CheckpointStore,
  { resume, finalSinks, depth }: ResumeWish,
): Promise<ResumeDecision> {
  const candidates: FoundCheckpoint[] = []
  let isFound = resume === 'never'
  for (const found of isFound ? [] : await store.list()) {
    const isWanted = resume === 'latest' ? !isFound : found.epoch === resume
    const candidate = isWanted ? await look(store, found, depth) : found
    candidates.push(candidate)
    if (isWanted && candidate.damage === undefined) isFound = true
  }
  return chooseCheckpoint({ resume, candidates, finalSinks })
}

async function look(
  store: CheckpointStore,
  found: FoundCheckpoint,
  depth: 'ends' | 'all',
): Promise<FoundCheckpoint> {
  const { manifest } = found
  if (manifest === undefined || found.damage !== undefined) return found
  const damage = await store.verify(manifest, depth)
  return damage === undefined ? found : { ...found, damage }
}
