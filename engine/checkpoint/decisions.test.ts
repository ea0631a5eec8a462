import { describe, expect, it } from 'vitest'
import { buildManifest, type ManifestFacts } from './build-manifest.ts'
import { chooseCheckpoint } from './choose-checkpoint.ts'
import { checkCompatibility, type Program } from './compatibility.ts'
import type { FoundCheckpoint } from './contract.ts'
import { checkpointPath, parseName } from './layout.ts'
import type { Manifest, ManifestOperator, StatePiece, Visibility } from './manifest.ts'
import { planRetention } from './retention.ts'
import { MAX_PIECES, whatToWrite } from './what-to-write.ts'

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

  it.each([
    ['its newest', 2, [whole(3), whole(2), whole(1)], from(3)],
    ['an earlier one of its own', 2, [hurt(3), whole(2), whole(1)], from(2, 3)],
    [
      'none of its own is usable',
      2,
      [hurt(3), torn(2), whole(1)],
      refuse('checkpoint 3 (a part is missing); checkpoint 2 (cut off)'),
    ],
    ['its own are gone', 2, [whole(1)], refuse('expected a checkpoint of this job, from 2 on')],
    ['it had resumed from one itself', 0, [hurt(3), torn(2), whole(1)], from(1, 3, 2)],
    ['all are gone', 0, [], refuse('got none')],
  ] as [string, number, FoundCheckpoint[], object][])(
    'a job goes on from its own: %s',
    (_, since, candidates, expected) => {
      const facts = { resume: 'latest', since, candidates, finalSinks: [] } as const
      expect(chooseCheckpoint(facts)).toMatchObject(expected)
    },
  )
})

describe('whether a program may go on', () => {
  const state = (kind: 'keyed' | 'source') => ({ kind, subtask: 0, pieces: [] })
  const source = { ...operator, uid: 'src', name: 'src', kind: 'source', states: [state('source')] }
  const counted = {
    ...operator,
    name: 'counter',
    form: 'window 100',
    states: [state('keyed')],
  }
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
      no(
        "no operator has the uid of this state: 'counter' (uid 'count') (checkpoint.allow.droppedState would drop it)",
      ),
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
      no(
        "no operator has the uid of this state: 'counter' (uid 'count') (checkpoint.allow.droppedState would drop it)",
      ),
    ],
    [
      'renamed, twice wrong',
      { ...program, operators: [src, added] },
      {},
      no(
        "no operator has the uid of this state: 'counter' (uid 'count') (checkpoint.allow.droppedState would drop it); there is no state of these operators: 'added' (uid 'new')",
      ),
    ],
    [
      'another thing by the same uid',
      { ...program, operators: [{ ...src, keeps: ['sink'] }, count] },
      { droppedState: true },
      no("state of kind source, of 'src': 'src' keeps sink"),
    ],
    [
      'the same uid, state of another form',
      { ...program, operators: [src, { ...count, form: 'window 50' }] },
      { droppedState: true },
      no(
        "expected 'counter' (uid 'count') to keep its state as window 100, got window 50: under another uid it could begin without",
      ),
    ],
    [
      'of the same form',
      { ...program, operators: [src, { ...count, form: 'window 100' }] },
      {},
      ok(),
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

describe('everything, or what has changed and some key groups', () => {
  const piece = (more: Partial<StatePiece> = {}): StatePiece => ({
    part: 0,
    section: 0,
    epoch: 1,
    full: false,
    items: 1,
    bytes: 1,
    ...more,
  })
  const base = (...pieces: StatePiece[]): Manifest =>
    manifest(1, { operators: [{ ...operator, states: [{ kind: 'keyed', subtask: 0, pieces }] }] })
  const whole = piece({ full: true })
  const upTo = (to: number) => piece({ whole: { from: to - 1, to } })
  /** Four key groups of 100 keys, the third of none. */
  const facts = (replaced: number, more: Partial<Parameters<typeof whatToWrite>[0]> = {}) => ({
    base: base(whole),
    operator: 'count',
    subtask: 0,
    parallelism: 2,
    savepoint: false,
    counts: () => ({ keys: Uint32Array.of(100, 100, 0, 100), replaced }),
    ...more,
  })

  it.each([
    ['nothing to stand on', facts(1, { base: undefined }), 'everything'],
    ['a savepoint', facts(1, { savepoint: true }), 'everything'],
    ['another parallelism', facts(1, { parallelism: 3 }), 'everything'],
    ['a subtask that had none', facts(1, { subtask: 1 }), 'everything'],
    ['an operator that had none', facts(1, { operator: 'other' }), 'everything'],
    ['little has been replaced', facts(1), { from: 0, to: 1 }],
    ['nothing has been replaced: a hundredth of the keys', facts(0), { from: 0, to: 1 }],
    ['so much that a group is enough', facts(75), { from: 0, to: 1 }],
    ['more: another, and the empty one behind', facts(76), { from: 0, to: 3 }],
    ['all have to be rewritten', facts(151), 'everything'],
    ['it goes on', facts(1, { base: base(whole, upTo(1)) }), { from: 1, to: 3 }],
    [
      'to the end, whatever has been replaced',
      facts(100, { base: base(upTo(3)) }),
      { from: 3, to: 4 },
    ],
    ['and from the beginning', facts(1, { base: base(upTo(3), upTo(4)) }), { from: 0, to: 1 }],
    [
      'a delta without a key group does not count',
      facts(1, { base: base(upTo(1), piece()) }),
      { from: 1, to: 3 },
    ],
  ])('%s', (_, given, expected) => {
    expect(whatToWrite(given)).toEqual(expected)
  })

  it('no key', () => {
    const counts = () => ({ keys: new Uint32Array(4), replaced: 0 })
    expect(whatToWrite(facts(0, { counts }))).toBe('everything')
  })

  it('goes round in so many checkpoints', () => {
    const keys = Uint32Array.from({ length: 1_000 }, (_, group) => group % 7)
    const counts = () => ({ keys, replaced: 0 })
    let range = { from: 0, to: 0 }
    let times = 0
    for (; range.to < 1_000; times++)
      range = whatToWrite(facts(0, { counts, base: base(piece({ whole: range })) })) as typeof range
    expect(times).toBeLessThanOrEqual(MAX_PIECES)
    expect(times).toBeGreaterThan(MAX_PIECES * 0.8)
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

  it('drops what newer pieces hold of every key group, and the files of it', () => {
    const groups = (from: number, to: number) => ({ whole: { from, to } })
    const delta = (epoch: number, more: object = {}) =>
      part(epoch, { ...section, since: epoch - 1, ...more })
    let made = build(1, [part(1, section)])
    const kept = [
      delta(2, groups(0, 64)),
      delta(3),
      delta(4, groups(64, 100)),
      delta(5, { ...groups(100, 128), items: 0, bytes: 0 }),
      delta(6, groups(0, 32)),
      delta(7, groups(32, 64)),
    ].map((next) => {
      made = build(next.epoch, [next], made)
      expect(made.parts.map(({ name }) => name)).toEqual(pieces(made).map(([name]) => name))
      return pieces(made).map(([, epoch]) => epoch)
    })
    expect(kept).toEqual([
      [1, 2],
      [1, 2, 3],
      [1, 2, 3, 4],
      [2, 3, 4, 5],
      [2, 3, 4, 5, 6],
      [4, 5, 6, 7],
    ])
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
