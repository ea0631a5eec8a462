import { plainText } from './fingerprint.ts'
import type { GraphNode } from './node.ts'

/** Those that keep the same are of one kind here. */
const ALIKE: Readonly<Record<string, string>> = {
  statefulFlatMap: 'statefulMap',
  statefulBatch: 'stateful',
}

/** Kinds that keep what they themselves make up, whatever their options. */
const OWN: ReadonlySet<string> = new Set([
  'statefulMap',
  'reduce',
  'reduceFinal',
  'foldFinal',
  'countFinal',
  'maxFinal',
  'minFinal',
  'collect',
  'stateful',
  'intervalJoin',
  'pattern',
  'processStreams',
])

/** Those whose options make a difference, with the options that make none. */
const OWN_BY_OPTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['window', ['latenessMs', 'late']],
  ['join', ['withinMs']],
  ['joinWindow', ['ordered']],
  ['collectWindow', ['ordered']],
  ['foldWindow', ['ordered']],
  ['reduceWindow', []],
  ['countWindow', []],
  ['maxWindow', []],
  ['minWindow', []],
])

/**
 * In which form an operator keeps its state, as text: another program can go on with it only in the same one. Functions ask for
 * their states by name, so that they all are of one form; undefined: nothing is known of it.
 */
export function stateForm({ kind, body, options }: GraphNode): string | undefined {
  if (body.type === 'source') {
    // What positions are is up to the user's source.
    if (kind === 'fromSource' || kind === 'fromBatch') return undefined
    return kind === 'fromFile' ? `fromFile ${plainText(options.format)}` : kind
  }
  const own = ALIKE[kind] ?? kind
  if (OWN.has(own)) return own
  const ignored = OWN_BY_OPTIONS.get(own)
  if (ignored === undefined) return 'functions'
  const kept = Object.entries(options).filter(([name]) => !ignored.includes(name))
  return kept.length === 0 ? own : `${own} ${plainText(Object.fromEntries(kept))}`
}
