import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { type Key, keyGroup, keyHash } from '../../codec/key.ts'
import type { Clock } from '../contract/context.ts'
import type {
  ColumnOptions,
  Cut,
  CutSink,
  KeyedEntry,
  KeyedStore,
  TimeDomain,
  TimerEntry,
  TimerQueue,
} from '../contract/keyed-store.ts'
import type { KeyedBackend, RecordScope } from '../contract/operator.ts'
import type { ListState, MapState, StateOptions, Timers, ValueState } from '../contract/state.ts'
import { HeapStore } from './heap-store.ts'
import { HeapTimers } from './heap-timers.ts'
import { KeyTimers } from './key-timers.ts'
import { ListOfKey } from './list-of-key.ts'
import { MapOfKey } from './map-of-key.ts'
import { ValueOfKey } from './value-of-key.ts'

/** Where a keyed state belongs to. */
export interface KeyedPlace {
  /** The operator's name. */
  readonly name: string
  /** Whether its records are dealt by their keys. */
  readonly keyed: boolean
  /** The number of key groups. */
  readonly maxParallelism: number
  readonly clock: Clock
}

/** Keyed state of one operator on one subtask as a snapshot holds it. Plain data. */
export interface KeyedSnapshot {
  readonly entries: readonly KeyedEntry[]
  readonly timers: readonly TimerEntry[]
}

type Handle =
  | { readonly kind: 'state'; readonly handle: ValueOfKey<any> }
  | { readonly kind: 'listState'; readonly handle: ListOfKey<any> }
  | { readonly kind: 'mapState'; readonly handle: MapOfKey<any, any> }

/** In which ways a state of a name may be kept: each is a column of its own. */
const FORMS = [
  'state',
  'state with ttl',
  'listState',
  'listState with ttl',
  'mapState',
  'mapState with ttl',
] as const
type Form = (typeof FORMS)[number]

const columnName = (form: Form, name: string) => `${form}:${name}`

/** What one operator on one subtask keeps per key: its store, its timers, and the states that its functions ask for. */
export class KeyedState implements KeyedBackend {
  readonly #place: KeyedPlace
  readonly #scope: RecordScope
  readonly #handles = new Map<string, Handle>()
  #store: HeapStore | undefined
  #eventTimers: HeapTimers | undefined
  #processingTimers: HeapTimers | undefined
  #timers: KeyTimers | undefined
  #lastKey: Key | undefined
  #lastSlot = -1
  /** Whether the operator hears timers: else to register one would be in vain. */
  hearsTimers = false

  constructor(place: KeyedPlace, scope: RecordScope) {
    this.#place = place
    this.#scope = scope
  }

  get store(): KeyedStore {
    this.#store ??= new HeapStore(this.#place.maxParallelism, this.#place.clock)
    return this.#store
  }

  get eventTimers(): TimerQueue {
    this.#eventTimers ??= new HeapTimers(this.store)
    return this.#eventTimers
  }

  get processingTimers(): TimerQueue {
    this.#processingTimers ??= new HeapTimers(this.store)
    return this.#processingTimers
  }

  get used(): boolean {
    return this.#store !== undefined
  }

  *timerEntries(): Iterable<TimerEntry> {
    for (const [domain, queue] of this.#queues())
      for (const [slot, at] of queue.timers()) yield this.#timerEntry(domain, slot, at)
  }

  cutTimers(sink: CutSink<TimerEntry>): Cut[] {
    return this.#queues().map(([domain, queue]) =>
      queue.cut((slot, at) => sink(this.#timerEntry(domain, slot, at), false)),
    )
  }

  restoreTimers(entries: Iterable<TimerEntry>): void {
    for (const { key, domain, at } of entries) {
      const queue = domain === 'event' ? this.eventTimers : this.processingTimers
      queue.register(this.store.slot(key), at)
    }
  }

  /** The slot of the key at hand, or -1. Throws `SAGE_NOT_KEYED`. */
  find(): number {
    const key = this.#scope.key as Key | undefined
    if (key !== undefined && key === this.#lastKey && this.store.keyAt(this.#lastSlot) === key)
      return this.#lastSlot
    return this.#keep(this.store.find(this.#key(key)), key)
  }

  /** The slot of the key at hand, which gets one where it has none. Throws `SAGE_NOT_KEYED`. */
  slot(): number {
    const found = this.find()
    if (found !== -1) return found
    const key = this.#scope.key as Key
    return this.#keep(this.store.slot(key), key)
  }

  slotOnce(): number {
    return this.store.slot(this.#key(this.#scope.key as Key | undefined))
  }

  state<S>(name: string, init: () => S, options: StateOptions = {}): ValueState<S> {
    const known = this.#known('state', name) as ValueOfKey<S> | undefined
    if (known !== undefined) {
      known.init = init
      return known
    }
    if (typeof init !== 'function') {
      const expected = 'expected init, a function that gives the value of a new key'
      throw new StreamError(
        'SAGE_OPTION',
        `ctx.state('${name}'): ${expected}, got ${describe(init)}`,
      )
    }
    const handle = new ValueOfKey(this, this.#column('state', name, options), init)
    this.#handles.set(name, { kind: 'state', handle })
    return handle
  }

  listState<T>(name: string, options: StateOptions = {}): ListState<T> {
    const known = this.#known('listState', name)
    if (known !== undefined) return known as ListState<T>
    const handle = new ListOfKey<T>(this, this.#column('listState', name, options))
    this.#handles.set(name, { kind: 'listState', handle })
    return handle
  }

  mapState<MK, V>(name: string, options: StateOptions = {}): MapState<MK, V> {
    const known = this.#known('mapState', name)
    if (known !== undefined) return known as MapState<MK, V>
    const handle = new MapOfKey<MK, V>(this, this.#column('mapState', name, options))
    this.#handles.set(name, { kind: 'mapState', handle })
    return handle
  }

  get timers(): Timers {
    if (!this.hearsTimers) {
      throw new StreamError(
        'SAGE_OPTION',
        `ctx.timers of '${this.#place.name}': expected a ProcessFunction with onTimer(time, ctx, out), ` +
          'which timers call; this function has none',
      )
    }
    this.#timers ??= new KeyTimers(this)
    return this.#timers
  }

  /** All of it. Undefined: nothing was ever kept. */
  snapshot(): KeyedSnapshot | undefined {
    if (this.#store === undefined) return undefined
    return { entries: [...this.#store.entries()], timers: [...this.timerEntries()] }
  }

  /** Puts back what a snapshot holds of the key groups that are this subtask's. Before the first record. */
  restore({ entries, timers }: KeyedSnapshot, owns: (group: number) => boolean): void {
    this.store.restore(entries.filter(({ group }) => owns(group)))
    this.restoreTimers(timers.filter(({ group }) => owns(group)))
  }

  #queues(): [TimeDomain, HeapTimers][] {
    const queues: [TimeDomain, HeapTimers][] = []
    if (this.#eventTimers !== undefined) queues.push(['event', this.#eventTimers])
    if (this.#processingTimers !== undefined) queues.push(['processing', this.#processingTimers])
    return queues
  }

  #timerEntry(domain: TimeDomain, slot: number, at: number): TimerEntry {
    const key = this.store.keyAt(slot)
    return { group: keyGroup(keyHash(key), this.#place.maxParallelism), key, domain, at }
  }

  #known(kind: Handle['kind'], name: string): object | undefined {
    const known = this.#handles.get(name)
    if (known === undefined || known.kind === kind) return known?.handle
    throw new StreamError(
      'SAGE_STATE',
      `ctx.${kind}('${name}') of '${this.#place.name}': expected a name that no other kind of state has, ` +
        `but it is a ${known.kind}`,
    )
  }

  #column(kind: Handle['kind'], name: unknown, { ttl }: { ttl?: Duration }) {
    if (typeof name !== 'string' || name === '') {
      const expected = 'expected the name of a state, a string'
      throw new StreamError('SAGE_OPTION', `ctx.state: ${expected}, got ${describe(name)}`)
    }
    const ttlMs = ttl === undefined ? undefined : durationMs(ttl, `ctx.state('${name}').ttl`)
    const options: ColumnOptions = ttlMs === undefined ? {} : { ttlMs }
    const form: Form = ttlMs === undefined ? kind : `${kind} with ttl`
    this.#refuseOtherForms(form, name)
    return this.store.column<any>(columnName(form, name), options)
  }

  /** A checkpoint may hold a state of that name which was another kind of state then. */
  #refuseOtherForms(form: Form, name: string): void {
    const other = FORMS.find((one) => one !== form && this.#store?.holds(columnName(one, name)))
    if (other === undefined) return
    throw new StreamError(
      'SAGE_CHECKPOINT_INCOMPATIBLE',
      `state '${name}' of '${this.#place.name}': expected ${other}, as in the checkpoint, got ${form}; ` +
        'give it another name',
    )
  }

  #keep(slot: number, key: Key | undefined): number {
    this.#lastKey = slot === -1 ? undefined : key
    this.#lastSlot = slot
    return slot
  }

  #key(key: Key | undefined): Key {
    if (key !== undefined && this.#place.keyed) return key
    throw new StreamError(
      'SAGE_NOT_KEYED',
      `state and timers of '${this.#place.name}': expected a keyed stream (keyBy with strategy 'hash' or 'custom' ` +
        'above it) and a record at hand' +
        (this.#place.keyed
          ? ', but there is none, or one without a key: what `finish` emits has none, and needs a keyBy of its own'
          : ', got one that is not keyed'),
    )
  }
}
