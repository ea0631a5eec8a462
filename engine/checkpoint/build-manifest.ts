import { StreamError } from '../../codec/errors.ts'
import { findChain, type Manifest, type ManifestOperator, type StateChain } from './manifest.ts'
import type { PartFacts, SectionFacts } from './state-model.ts'

/** What a manifest is made of. */
export interface ManifestFacts extends Omit<Manifest, 'operators' | 'parts'> {
  readonly operators: readonly Omit<ManifestOperator, 'states'>[]
  /** What the threads have reported. */
  readonly parts: readonly PartFacts[]
  /** The complete checkpoint that deltas stand on. */
  readonly base?: Manifest
}

/**
 * The manifest of what the threads have written: a delta goes behind the chain that the base has for the same state; one
 * without items leaves that chain as it is.
 *
 * @throws StreamError `SAGE_STATE` for reports that make no checkpoint: a mistake of whoever wrote them
 */
export function buildManifest(facts: ManifestFacts): Manifest {
  const { operators, parts: reported, base, ...head } = facts
  const parts = new PartTable(base)
  const states = new Map<string, Map<string, StateChain>>()
  for (const { uid } of operators) states.set(uid, new Map())
  for (const part of reported) {
    part.sections.forEach((section, index) => {
      const chains = states.get(section.operator)
      if (chains === undefined) throw unexpected(section, 'an operator of the job')
      const id = `${section.kind} ${section.subtask}`
      const chain = chains.get(id) ?? parts.begin(section)
      chains.set(id, parts.extend(chain, part, index))
    })
  }
  const withStates = operators.map((operator) => ({
    ...operator,
    states: [...states.get(operator.uid)!.values()],
  }))
  return { ...head, operators: withStates, parts: parts.files }
}

/** The parts of a manifest as they are put together. */
class PartTable {
  readonly files: { name: string; bytes: number; crc: number }[] = []
  readonly #indices = new Map<string, number>()
  readonly #base: Manifest | undefined

  constructor(base: Manifest | undefined) {
    this.#base = base
  }

  /** The chain that a section stands on. */
  begin(section: SectionFacts): StateChain {
    const { operator, kind, subtask, since } = section
    if (since === undefined) return { kind, subtask, pieces: [] }
    const base = this.#base
    if (base?.epoch !== since) throw unexpected(section, `a base of epoch ${base?.epoch}`)
    const chain = findChain(base, operator, kind, subtask)
    if (chain === undefined) throw unexpected(section, 'state of it in the base')
    return {
      ...chain,
      pieces: chain.pieces.map((piece) => ({ ...piece, part: this.#add(base.parts[piece.part]) })),
    }
  }

  extend(chain: StateChain, part: PartFacts, index: number): StateChain {
    const section = part.sections[index]
    const { items, bytes, since } = section
    const full = since === undefined
    const mixed = chain.pieces.some((piece) => piece.epoch === part.epoch && piece.full !== full)
    if (mixed) throw unexpected(section, 'either everything or what has changed')
    // A full one without items tells that there was nothing.
    if (items === 0 && !full) return chain
    const piece = { part: this.#add(part), section: index, epoch: part.epoch, full, items, bytes }
    return { ...chain, pieces: [...chain.pieces, piece] }
  }

  #add({ name, bytes, crc }: { name: string; bytes: number; crc: number }): number {
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
