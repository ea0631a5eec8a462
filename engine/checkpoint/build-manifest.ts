import { StreamError } from '../../codec/errors.ts'
import {
  findChain,
  type Manifest,
  type ManifestOperator,
  type PartFile,
  type StateChain,
  type StatePiece,
} from './manifest.ts'
import type { PartFacts, SectionFacts } from './state-model.ts'

/** What a manifest is made of. */
export interface ManifestFacts extends Omit<Manifest, 'operators' | 'parts'> {
  readonly operators: readonly Omit<ManifestOperator, 'states'>[]
  /** What the threads have reported. */
  readonly parts: readonly PartFacts[]
  /** The complete checkpoint that deltas stand on. */
  readonly base?: Manifest
}

/** A piece, and the file that it lies in. */
interface FiledPiece extends Omit<StatePiece, 'part'> {
  readonly file: PartFile
}

interface FiledChain extends Omit<StateChain, 'pieces'> {
  readonly pieces: readonly FiledPiece[]
}

/**
 * The manifest of what the threads have written: a delta goes behind the chain that the base has for the same state, of which
 * nothing is kept that newer pieces make needless; one that holds nothing leaves that chain as it is.
 *
 * @throws StreamError `SAGE_STATE` for reports that make no checkpoint: a mistake of whoever wrote them
 */
export function buildManifest(facts: ManifestFacts): Manifest {
  const { operators, parts: reported, base, ...head } = facts
  const states = new Map<string, Map<string, FiledChain>>()
  for (const { uid } of operators) states.set(uid, new Map())
  for (const part of reported) {
    part.sections.forEach((section, index) => {
      const chains = states.get(section.operator)
      if (chains === undefined) throw unexpected(section, 'an operator of the job')
      const id = `${section.kind} ${section.subtask}`
      const chain = chains.get(id) ?? chainBefore(section, base)
      chains.set(id, extended(chain, part, index))
    })
  }
  const parts = new PartTable()
  const withStates = operators.map((operator) => ({
    ...operator,
    states: [...states.get(operator.uid)!.values()].map(({ pieces, ...chain }) => ({
      ...chain,
      pieces: needed(pieces, head.maxParallelism).map(({ file, ...piece }) => ({
        part: parts.indexOf(file),
        ...piece,
      })),
    })),
  }))
  return { ...head, operators: withStates, parts: parts.files }
}

/** The chain that a section stands on. */
function chainBefore(section: SectionFacts, base: Manifest | undefined): FiledChain {
  const { operator, kind, subtask, since } = section
  if (since === undefined) return { kind, subtask, pieces: [] }
  if (base?.epoch !== since) throw unexpected(section, `a base of epoch ${base?.epoch}`)
  const chain = findChain(base, operator, kind, subtask)
  if (chain === undefined) throw unexpected(section, 'state of it in the base')
  const pieces = chain.pieces.map(({ part, ...piece }) => ({ ...piece, file: base.parts[part] }))
  return { ...chain, pieces }
}

function extended(chain: FiledChain, part: PartFacts, index: number): FiledChain {
  const section = part.sections[index]
  const { items, bytes, since, whole } = section
  const full = since === undefined
  const mixed = chain.pieces.some((piece) => piece.epoch === part.epoch && piece.full !== full)
  if (mixed) throw unexpected(section, 'either everything or what has changed')
  // A full one without items tells that there was nothing.
  if (items === 0 && !full && whole === undefined) return chain
  const piece = { file: part, section: index, epoch: part.epoch, full, items, bytes }
  return { ...chain, pieces: [...chain.pieces, whole === undefined ? piece : { ...piece, whole }] }
}

/** The newest pieces that hold everything of each key group together, with those of the same epoch as the oldest of them. */
function needed(pieces: readonly FiledPiece[], maxParallelism: number): readonly FiledPiece[] {
  const written = new Uint8Array(maxParallelism)
  let missing = maxParallelism
  for (const { full, whole, epoch } of pieces.toReversed()) {
    const { from, to } = full ? { from: 0, to: maxParallelism } : (whole ?? { from: 0, to: 0 })
    for (let group = from; group < to; group++) {
      if (written[group] === 0) missing--
      written[group] = 1
    }
    if (missing === 0) return pieces.filter((piece) => piece.epoch >= epoch)
  }
  return pieces
}

/** The parts of a manifest as they are put together. */
class PartTable {
  readonly files: PartFile[] = []
  readonly #indices = new Map<string, number>()

  indexOf({ name, bytes, crc }: PartFile): number {
    let index = this.#indices.get(name)
    if (index === undefined) {
      index = this.files.push({ name, bytes, crc }) - 1
      this.#indices.set(name, index)
    }
    return index
  }
}

function unexpected(section: SectionFacts, expected: string): StreamError {
  const { operator, kind, subtask, since } = section
  const what = since === undefined ? 'all' : `what changed since ${since}`
  const message = `checkpoint section ${kind} of '${operator}', subtask ${subtask}, ${what}: expected ${expected}`
  return new StreamError('SAGE_STATE', message)
}
