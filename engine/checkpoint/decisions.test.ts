import { describe, expect, it } from 'vitest'
import { buildManifest, type ManifestFacts } from './build-manifest.ts'
import { chooseCheckpoint } from './choose-checkpoint.ts'
import { checkCompatibility, type Program } from './compatibility.ts'
import type { FoundCheckpoint } from './contract.ts'
import { MAX_DELTAS, shouldBeFull } from './full-or-delta.ts'
import { checkpointPath, parseName } from './layout.ts'
import type { Manifest, ManifestOperator, StatePiece, Visibility } from './manifest.ts'
import { planRetention } from './retention.ts'

const operator: ManifestOperator = {
  uid: 'count',
  name: 'count',
  kind: 'statefulMap',
  parallelism: 2,
  visibility: 'none',
  states: [],
}

function manifest(epoch: number, more: Partial<Manifest> = {}): Manifest {
  const head = { job: 'job', epoch, time: 0, savepoint: false, maxParallelism: 128 }
  return { ...head, operators: [operator], parts: [], ...more }
}

function withSink(epoch: number, visibility: Visibility): Manifest {
  return manifest(epoch, { operators: [{ ...operator, name: 'sink', visibility }] })
}

describe('where a job begins', () => {
  const whole = (epoch: number, visibility: Visibility = 'none'): FoundCheckpoint => ({
    epoch,
    manifest: withSink(epoch, visibility),
  })
  const torn = (epoch: number): FoundCheckpoint => ({ epoch, damage: 'cut off' })
  const hurt = (epoch: number, visibility: Visibility = 'none'): FoundCheckpoint => ({
    ...whole(epoch, visibility),
    damage: 'a part is missing',
  })
  const from = (epoch: number, ...skipped: number[]) => ({
    kind: 'resume',
    manifest: { epoch },
    skipped: skipped.map((later) => ({ epoch: later })),
  })
  const refuse = (message: string) => ({
    kind: 'refuse',
    code: 'SAGE_CHECKPOINT_CORRUPT',
    message: expect.stringContaining(message),
  })

  it.each([
    ['nothing there', 'latest', [], [], { kind: 'fresh' }],
    ['nothing wanted', 'never', [whole(2)], [], { kind: 'fresh' }],
    ['the newest', 'latest', [whole(2), whole(1)], ['db'], from(2)],
    ['the newest is torn', 'latest', [torn(3), whole(2)], [], from(2, 3)],
    ['a part of it is hurt', 'latest', [hurt(3), torn(2), whole(1)], [], from(1, 3, 2)],
    ['it can be taken back', 'latest', [hurt(3, 'recallable'), whole(2)], ['db'], from(2, 3)],
    [
      'it cannot',
      'latest',
      [hurt(3, 'final'), whole(2)],
      [],
      refuse("but 'sink' cannot take back"),
    ],
    [
      'what it made visible is not known, but that',
      'latest',
      [torn(3), whole(2, 'final')],
      [],
      refuse("'sink'"),
    ],
    [
      'and by the program',
      'latest',
      [torn(3), whole(2)],
      ['db'],
      refuse("but 'db' cannot take back"),
    ],
    [
      'one between could not',
      'latest',
      [torn(4), hurt(3, 'final'), whole(2)],
      [],
      refuse("'sink'"),
    ],
    ['an earlier one could not', 'latest', [hurt(3), whole(2, 'final')], [], from(2, 3)],
    [
      'none usable',
      'latest',
      [hurt(3), torn(2)],
      [],
      refuse('checkpoint 3 (a part is missing); checkpoint 2 (cut off)'),
    ],
    ['a named one', 2, [whole(3), whole(2), whole(1)], [], from(2, 3)],
    [
      'a named one that cannot',
      2,
      [whole(3, 'final'), whole(2)],
      [],
      refuse('resume from checkpoint 2'),
    ],
    [
      'a named one is hurt',
      2,
      [whole(3), hurt(2), whole(1)],
      [],
      refuse('expected checkpoint 2 to be whole'),
    ],
    [
      'a named one is torn',
      2,
      [torn(2), whole(1)],
      [],
      refuse('expected checkpoint 2 to be whole'),
    ],
    ['a named one is not there', 7, [whole(1)], [], refuse('expected checkpoint 7')],
    ['a named one, and nothing there', 7, [], [], refuse('expected checkpoint 7')],
  ] as [string, 'latest' | 'never' | number, FoundCheckpoint[], string[], object][])(
    '%s',
    (_, resume, candidates, finalSinks, expected) => {
      expect(chooseCheckpoint({ resume, candidates, finalSinks })).toMatchObject(expected)
    },
  )
})

describe('whether a program may go on', () => {
  const state = (kind: 'keyed' | 'source') => ({ kind, subtask: 0, pieces: [] })
  const source = { ...operator, uid: 'src', name: 'src', kind: 'source', states: [state('source')] }
  const counted = { ...operator, name: 'counter', states: [state('keyed')] }
  const stateless = { ...operator, uid: 'map', name: 'map' }
  const before = manifest(5, { operators: [source, counted, stateless] })
  const program: Program = {
    job: 'job',
    maxParallelism: 128,
    operators: [
      { uid: 'src', name: 'src', parallelism: 1, keeps: ['source'], rescalable: true },
      {
        uid: 'count',
        name: 'counter',
        parallelism: 4,
        keeps: ['keyed', 'timers'],
        rescalable: true,
      },
      { uid: 'filter', name: 'filter', parallelism: 4, keeps: [], rescalable: true },
    ],
  }
  const [src, count, filter] = program.operators
  const added = { ...count, uid: 'new', name: 'added' }
  const ok = (dropped: string[] = [], fresh: string[] = []) => ({
    kind: 'compatible',
    dropped,
    fresh,
  })
  const no = (message: string, code = 'SAGE_CHECKPOINT_INCOMPATIBLE') => ({
    kind: 'refuse',
    code,
    message: `checkpoint 5: ${message}`,
  })

  it.each([
    ['the same state, other functions, another parallelism', program, {}, ok()],
    [
      'another job',
      { ...program, job: 'other' },
      {},
      no("expected one of job 'other', got one of 'job'"),
    ],
    [
      'other key groups',
      { ...program, maxParallelism: 64 },
      {},
      no('expected maxParallelism 128, got 64: it cannot change'),
    ],
    [
      'an operator is gone',
      { ...program, operators: [src, filter] },
      {},
      no("no operator has the uid of this state: 'counter' (uid 'count')"),
    ],
    [
      'gone, and meant so',
      { ...program, operators: [src, filter] },
      { droppedState: true },
      ok(['counter']),
    ],
    [
      'an operator is new',
      { ...program, operators: [src, count, added] },
      {},
      no("there is no state of these operators: 'added' (uid 'new')"),
    ],
    [
      'new, and meant so',
      { ...program, operators: [src, count, added] },
      { newState: true },
      ok([], ['added']),
    ],
    [
      'renamed',
      { ...program, operators: [src, { ...count, uid: 'n' }] },
      { newState: true },
      no("no operator has the uid of this state: 'counter' (uid 'count')"),
    ],
    [
      'renamed, twice wrong',
      { ...program, operators: [src, added] },
      {},
      no(
        "no operator has the uid of this state: 'counter' (uid 'count'); there is no state of these operators: 'added' (uid 'new')",
      ),
    ],
    [
      'another thing by the same uid',
      { ...program, operators: [{ ...src, keeps: ['sink'] }, count] },
      { droppedState: true },
      no("state of kind source, of 'src': 'src' keeps sink"),
    ],
    [
      'a partition function of its own, moved',
      { ...program, operators: [src, { ...count, rescalable: false }] },
      {},
      no(
        "expected 'counter' (uid 'count') to have parallelism 2, got 4: state behind a custom partition function cannot move",
        'SAGE_RESCALE',
      ),
    ],
    [
      'the same, left as it was',
      { ...program, operators: [src, { ...count, rescalable: false, parallelism: 2 }] },
      {},
      ok(),
    ],
  ] as [string, Program, object, object][])('%s', (_, now, allowed, expected) => {
    expect(checkCompatibility(before, now, allowed)).toEqual(expected)
  })
})

describe('all or what has changed', () => {
  const piece = (bytes: number, full = false): StatePiece => ({
    part: 0,
    section: 0,
    epoch: 1,
    full,
    items: 1,
    bytes,
  })
  const base = (pieces: StatePiece[]): Manifest =>
    manifest(1, { operators: [{ ...operator, states: [{ kind: 'keyed', subtask: 0, pieces }] }] })
  const facts = { operator: 'count', subtask: 0, parallelism: 2, savepoint: false }

  it.each([
    ['nothing to stand on', { ...facts, base: undefined }, true],
    ['little has changed', { ...facts, base: base([piece(1000, true), piece(10)]) }, false],
    ['nothing had changed', { ...facts, base: base([piece(1000, true)]) }, false],
    ['a savepoint', { ...facts, base: base([piece(1000, true)]), savepoint: true }, true],
    [
      'deltas of three quarters',
      { ...facts, base: base([piece(1000, true), piece(700), piece(50)]) },
      false,
    ],
    ['deltas of more', { ...facts, base: base([piece(1000, true), piece(700), piece(51)]) }, true],
    [
      'full in two pieces',
      { ...facts, base: base([piece(500, true), piece(500, true), piece(700)]) },
      false,
    ],
    [
      'a long chain',
      { ...facts, base: base([piece(1e6, true), ...Array(MAX_DELTAS - 1).fill(piece(1))]) },
      false,
    ],
    [
      'too long a chain',
      { ...facts, base: base([piece(1e6, true), ...Array(MAX_DELTAS).fill(piece(1))]) },
      true,
    ],
    ['another parallelism', { ...facts, base: base([piece(1000, true)]), parallelism: 3 }, true],
    ['a subtask that had none', { ...facts, base: base([piece(1000, true)]), subtask: 1 }, true],
    ['an operator that had none', { ...facts, base: base([]), operator: 'other' }, true],
  ])('%s', (_, given, expected) => {
    expect(shouldBeFull(given)).toBe(expected)
  })
})

describe('a manifest', () => {
  const section = { operator: 'count', kind: 'keyed' as const, subtask: 0, items: 3, bytes: 30 }
  const part = (epoch: number, ...sections: object[]) => ({
    name: `part-${epoch}-0-0`,
    epoch,
    bytes: 100,
    crc: epoch,
    sections: sections as (typeof section)[],
  })
  const { parts: _, operators: __, ...head } = manifest(0)
  const build = (epoch: number, parts: ManifestFacts['parts'], base?: Manifest) =>
    buildManifest({
      ...head,
      epoch,
      operators: [operator],
      parts,
      ...(base === undefined ? {} : { base }),
    })
  const pieces = (made: Manifest) =>
    made.operators[0].states.flatMap((state) =>
      state.pieces.map(({ part: at, epoch, full }) => [made.parts[at].name, epoch, full]),
    )

  it('carries chains on, and names exactly the files that it needs', () => {
    const first = build(1, [part(1, section)])
    const second = build(2, [part(2, { ...section, since: 1 })], first)
    const third = build(4, [part(4, { ...section, since: 2, items: 0, bytes: 0 })], second)
    const fourth = build(5, [part(5, { ...section, since: 4 })], third)
    const fifth = build(6, [part(6, section)], fourth)
    expect(pieces(first)).toEqual([['part-1-0-0', 1, true]])
    expect(pieces(third)).toEqual([
      ['part-1-0-0', 1, true],
      ['part-2-0-0', 2, false],
    ])
    expect(pieces(fourth)).toEqual([...pieces(third), ['part-5-0-0', 5, false]])
    expect(pieces(fifth)).toEqual([['part-6-0-0', 6, true]])
    expect([first, third, fourth, fifth].map(({ parts }) => parts.length)).toEqual([1, 2, 3, 1])
  })

  it('a section in several pieces is put together', () => {
    const second = { ...part(1, section), name: 'part-1-0-1' }
    expect(pieces(build(1, [part(1, section), second]))).toEqual([
      ['part-1-0-0', 1, true],
      ['part-1-0-1', 1, true],
    ])
  })

  it.each([
    [
      'an unknown operator',
      [part(2, { ...section, operator: 'x' })],
      manifest(1),
      'expected an operator of the job',
    ],
    [
      'no base',
      [part(2, { ...section, since: 1 })],
      undefined,
      'expected a base of epoch undefined',
    ],
    [
      'another base',
      [part(2, { ...section, since: 1 })],
      manifest(0),
      'expected a base of epoch 0',
    ],
    [
      'a base without it',
      [part(2, { ...section, since: 1 })],
      manifest(1),
      'expected state of it in the base',
    ],
    [
      'all of it and what has changed',
      [part(2, section, { ...section, since: 1 })],
      manifest(1),
      'expected either everything or what has changed',
    ],
  ] as [string, ManifestFacts['parts'], Manifest | undefined, string][])(
    'refuses %s',
    (_, parts, base, message) => {
      expect(() => build(2, parts, base)).toThrow(message)
    },
  )
})

describe('what is not needed any more', () => {
  const file = (name: string) => ({ name, bytes: 1, crc: 1 })
  const one = manifest(1, { parts: [file('part-1-0-0')] })
  const two = manifest(2, { parts: [file('part-1-0-0'), file('part-2-0-0')] })
  const three = manifest(3, { parts: [file('part-3-0-0')] })
  const names = [
    ...['epoch-1', 'epoch-2', 'epoch-3', 'manifest-1', 'manifest-2', 'manifest-3'],
    ...['part-1-0-0', 'part-1-1-0', 'part-2-0-0', 'part-3-0-0'],
    ...['lock-0123', 'notes.txt', 'part-3-0-0.bak', 'manifest-x'],
  ]
  const usable = [one, two, three]
  const old = ['epoch-1', 'epoch-2']

  it.each([
    ['nothing usable', { usable: [] }, [], []],
    [
      'one kept',
      {},
      ['manifest-1', 'manifest-2'],
      [...old, 'part-1-0-0', 'part-1-1-0', 'part-2-0-0'],
    ],
    [
      'two kept: a delta keeps what it stands on',
      { count: 2 },
      ['manifest-1'],
      [...old, 'part-1-1-0'],
    ],
    ['more than there are', { count: 9 }, [], [...old, 'part-1-1-0']],
    [
      'one in progress keeps its own',
      { names: [...names, 'epoch-4', 'part-4-0-0', 'manifest-4.tmp'], active: [{ epoch: 4 }] },
      ['manifest-1', 'manifest-2'],
      [...old, 'part-1-0-0', 'part-1-1-0', 'part-2-0-0'],
    ],
    [
      'and what it stands on',
      { active: [{ epoch: 4, base: 2 }] },
      ['manifest-1'],
      [...old, 'part-1-1-0'],
    ],
    [
      'what was left of one given up; its number stays used',
      { count: 9, names: [...names, 'epoch-4', 'part-4-0-0', 'manifest-4.tmp'] },
      [],
      [...old, 'part-1-1-0', 'part-4-0-0', 'manifest-4.tmp'],
    ],
    [
      'a newer one that is damaged stays, with its own',
      { usable: [one, two], count: 9, names: [...names, 'revoked-4', 'part-4-0-0', 'part-5-0-0'] },
      [],
      ['epoch-1', 'part-1-1-0', 'part-5-0-0'],
    ],
    [
      'a savepoint that the job has left with stays, until a newer one is complete',
      { names: [...names, 'left-2', 'left-4'], count: 9 },
      ['left-2'],
      [...old, 'part-1-1-0'],
    ],
    [
      'an older one that is damaged goes',
      { usable: [one, three], count: 9 },
      ['manifest-2'],
      [...old, 'part-1-1-0', 'part-2-0-0'],
    ],
  ])('%s', (_, more, manifests, others) => {
    const facts = { names, usable, count: 1, active: [], ...more }
    expect(planRetention(facts)).toEqual({ manifests, others })
  })
})

describe('names', () => {
  it.each([
    ['part-12-0-3', { kind: 'part', epoch: 12 }],
    ['manifest-7', { kind: 'manifest', epoch: 7 }],
    ['manifest-7.tmp', { kind: 'unfinished', epoch: 7 }],
    ['revoked-7', { kind: 'revoked', epoch: 7 }],
    ['left-7', { kind: 'left', epoch: 7 }],
    ['left-7.tmp', { kind: 'unfinished', epoch: 7 }],
    ['epoch-7', { kind: 'epoch', epoch: 7 }],
  ])('%s', (name, expected) => {
    expect(parseName(name)).toEqual({ name, ...expected })
  })

  it.each(['part-1-2', 'part-1-2-3.tmp', 'manifest-', 'lock-12', 'epoch-1.tmp', 'x'])(
    '%s is none',
    (name) => {
      expect(parseName(name)).toBe(undefined)
    },
  )

  it.each([
    ['/a/b', { directory: '/a/b' }],
    ['/a/b/manifest-12', { directory: '/a/b', epoch: 12 }],
    ['manifest-3', { directory: '.', epoch: 3 }],
    ['C:\\a\\manifest-3', { directory: 'C:\\a', epoch: 3 }],
    ['/manifest-x', { directory: '/manifest-x' }],
  ])('the path %s', (path, expected) => {
    expect(checkpointPath(path)).toEqual(expected)
  })
})
