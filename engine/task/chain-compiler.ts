import { checkKey } from '../../codec/key.ts'
import { assertEncodable } from '../../codec/value.ts'
import { endView, materialize, pinView, placeOf } from '../../codec/view.ts'
import { checkTimestamp, promiseReturned } from '../../operators/contract/result-checks.ts'
import { arrayOf } from './call-results.ts'
import type {
  ChainEntry,
  ChainOperator,
  ChainState,
  CompiledChain,
  GuardRecord,
  Target,
} from './chain-model.ts'
import {
  anywhere,
  type BatchLoop,
  ChainCounting,
  counterOf,
  hasResult,
  lines,
  type Missed,
  type Region,
  resultText,
} from './chain-text.ts'
import type { ChainTime } from './chain-time.ts'
import { FAILED } from './error-gate.ts'
import { isThenable } from './promise-gate.ts'
import { copyRecord, shareRecord } from './strict-records.ts'
import { viewedOperators } from './view-reading.ts'

/**
 * Compiles a chain into one function a way in (`run`), with the calls of its operators written out one
 * inside the other: user functions are called directly, with a try of their own, so that every failure is
 * charged to its operator and the rest of the record's way goes on as the policy says.
 *
 * What the text looks like for `source → map → filter → exchange`:
 *
 * ```
 * function run0(B, from, to) {
 *   const V = B.values
 *   let i = from, dropped0 = 0, missed1 = 0, missed2 = 0
 *   try {
 *     while (i < to) {
 *       const v = V[i++]
 *       if (v === null || v === undefined) dropped0++
 *       else b1: {
 *         let r1; try { r1 = f1(v, c1); if (r1 instanceof Promise) throw promise1() }
 *         catch (e) { missed1++; r1 = errors1.fail(e, v, 0); if (r1 === FAILED) break b1; missed1-- }
 *         if (r1 === null || r1 === undefined) { missed1++; break b1 }
 *         b2: { … if (!r2) { missed2++; break b2 }
 *           try { if (p2.send(r1)) state.pressed = true } catch (e) { missed2++; errors2.giveUp(e, r1, 1) } }
 *       }
 *       if (state.pressed) break
 *     }
 *   } finally { n0[OUT] += i - from - dropped0; n1[IN] += …; n1[OUT] += … - missed1; … }
 *   return i
 * }
 * ```
 *
 * Measured on six operators: a try per call costs nothing in optimised code, nor does the check for promises. Counting what
 * passes each operator costs a third of the throughput, so only what does *not* pass is counted, and the rest
 * is arithmetic at the end of the batch; as 32-bit integers, since a check for overflow costs again as much.
 * The text must be unique to the chain (`sourceURL`): V8 shares type
 * feedback between identical function texts, which makes the second chain ten times slower than the first.
 */
export function compileChain(
  id: string,
  operators: readonly ChainOperator[],
  entries: readonly ChainEntry[],
  state: ChainState,
  strict: boolean,
): CompiledChain {
  return new ChainCompiler(id, operators, entries, state, strict).compile()
}

/** Calls nested deeper than this go through a function: text nested without end is never optimised. */
const DEPTH_MAX = 12
const CHECKED_RECORDS = 100

class ChainCompiler {
  readonly #id: string
  readonly #operators: readonly ChainOperator[]
  readonly #entries: readonly ChainEntry[]
  readonly #strict: boolean
  /** By operator: whether what arrives may be a view. Only then is there text that sees to views. */
  readonly #viewed: readonly boolean[]
  readonly #bound = new Map<string, unknown>()
  readonly #functions = new Map<string, string>()
  readonly #wanted: (() => void)[] = []
  readonly #prelude: string[] = []
  readonly #count = new ChainCounting()
  readonly #time: ChainTime
  readonly #looped: boolean

  constructor(
    id: string,
    operators: readonly ChainOperator[],
    entries: readonly ChainEntry[],
    state: ChainState,
    strict: boolean,
  ) {
    this.#id = id
    this.#operators = operators
    this.#entries = entries
    this.#strict = strict
    this.#viewed = viewedOperators(operators, entries)
    this.#time = state.time!
    this.#looped = state.late !== undefined
    this.#bind('state', state)
    this.#bind('time', this.#time)
    this.#bind('scope', state.scope)
    for (const [name, value] of Object.entries({
      FAILED,
      checkKey,
      checkTimestamp,
      arrayOf,
      isThenable,
      assertEncodable,
      shareRecord,
      copyRecord,
      promiseReturned,
    }))
      this.#bind(name, value)
    if (!this.#viewed.includes(true)) return
    for (const [name, value] of Object.entries({ materialize, placeOf, endView, pinView }))
      this.#bind(name, value)
  }

  compile(): CompiledChain {
    for (const k of this.#operators.keys()) this.#bindOperator(k)
    const runs = this.#entries.map((entry, e) => this.#runFunction(entry, e))
    this.#operators.forEach(({ targets }, k) => {
      for (const port of new Set(['main', ...targets.keys()])) this.#emitFunction(k, port)
      this.#afterFunction(k)
    })
    for (let want = this.#wanted.pop(); want !== undefined; want = this.#wanted.pop()) want()
    const text = this.#text(runs)
    const compiled = new Function('$', text)(Object.fromEntries(this.#bound)) as CompiledChain & {
      ports: Readonly<Record<string, (value: unknown) => void>>
    }
    this.#operators.forEach(({ out, targets }, k) => {
      out.main = compiled.emit[k]
      for (const port of targets.keys()) {
        if (port !== 'main') out.ports.set(port, compiled.ports[this.#emitName(k, port)])
      }
    })
    return compiled
  }

  #text(runs: readonly string[]): string {
    const indices = this.#operators.map((_, k) => k)
    return [
      `'use strict'`,
      `const { ${[...this.#bound.keys()].join(', ')} } = $`,
      ...this.#prelude,
      ...this.#functions.values(),
      ...runs,
      `return {`,
      `  run: [${runs.map((_, e) => `run${e}`).join(', ')}],`,
      `  emit: [${indices.map((k) => this.#emitName(k, 'main')).join(', ')}],`,
      `  after: [${indices.map((k) => `after${k}`).join(', ')}],`,
      `  ports: { ${[...this.#functions.keys()].filter((name) => name.startsWith('emit')).join(', ')} },`,
      `}`,
      `//# sourceURL=sage-stream-chain-${this.#id}.js`,
    ].join('\n')
  }

  #bind(name: string, value: unknown): void {
    this.#bound.set(name, value)
  }

  #bindOperator(k: number): void {
    const { operator, ctx, counters, errors, gate, out, broadcast } = this.#operators[k]
    const calls = Array.isArray(operator.call) ? operator.call : [operator.call]
    for (const [input, call] of calls.entries()) this.#bind(`f${k}_${input}`, call)
    this.#bind(`c${k}`, ctx)
    this.#bind(`n${k}`, counters)
    this.#bind(`errors${k}`, errors)
    this.#bind(`out${k}`, out)
    if (gate !== undefined) this.#bind(`gate${k}`, gate)
    if (broadcast !== undefined) this.#bind(`broadcast${k}`, broadcast.states)
  }

  // --- ways in -------------------------------------------------------------------------------

  #runFunction(entry: ChainEntry, e: number): string {
    const loop: BatchLoop = { locals: new Set(), totals: [] }
    const body = this.#entryCode(entry, { flow: '(i - from)', loop, depth: 0 })
    return lines(
      `function run${e}(B, from, to) {`,
      `const V = B.values`,
      `let i = from${[...loop.locals].map((name) => `, ${name} = 0`).join('')}`,
      this.#columnsText(entry),
      `try {`,
      `while (i < to) {`,
      `const v = ${this.#recordAt(entry, e)}`,
      entry.keyed ? 'scope.key = K[i]' : '',
      entry.timestamps === undefined ? '' : 'scope.timestamp = T[i]',
      entry.timestamps === 'with-watermarks' ? 'if (W[i] > time.watermark) time.raise(W[i])' : '',
      entry.asked ? 'if (A !== undefined) scope.ask = A[i]' : '',
      `i++`,
      entry.views?.type === 'guarded' ? `try {\n${body}\n} finally { endView(v) }` : body,
      `if (state.pressed) break`,
      `}`,
      `} finally {`,
      ...loop.totals,
      `}`,
      `return i`,
      `}`,
    )
  }

  /** What travels beside the records: each entry reads what its frames have, and says what they have not. */
  #columnsText({ keyed, timestamps, asked }: ChainEntry): string {
    return lines(
      keyed ? 'const K = B.keys' : 'scope.key = undefined',
      timestamps === undefined ? 'scope.timestamp = NaN' : 'const T = B.timestamps',
      timestamps === 'with-watermarks' ? 'const W = B.watermarks' : '',
      asked ? 'const A = B.asked ? B.asks : undefined' : '',
      asked ? 'if (A === undefined) scope.ask = 0' : 'scope.ask = 0',
    )
  }

  #recordAt({ views }: ChainEntry, e: number): string {
    if (views === undefined) return 'V[i]'
    this.#bind(`views${e}`, views.type === 'guarded' ? { at: views.guard } : views.cursor)
    return `views${e}.at(V[i])`
  }

  #entryCode(entry: ChainEntry, region: Region): string {
    const { to, input, sharesRecords } = entry
    if (this.#operators[to].shape !== 'source') {
      return lines(this.#count.received(to, region), this.#deliver(to, input, 'v', region))
    }
    const copied = this.#strict && sharesRecords && this.#fansOut()
    const v = copied ? this.#count.name('v') : 'v'
    const dropped = this.#count.local('dropped', region)
    region.loop!.totals.push(`${counterOf(to, 'dropped')} += ${dropped}`)
    return lines(
      `if (v === null || v === undefined) ${dropped} = (${dropped} + 1) | 0`,
      `else {`,
      copied ? `const ${v} = copyRecord(v)` : '',
      this.#emit(to, 'main', v, { ...region, flow: `${region.flow} - ${dropped}` }),
      `}`,
    )
  }

  #fansOut(): boolean {
    return this.#operators.some(({ targets }) =>
      [...targets.values()].some((list) => list.length > 1),
    )
  }

  // --- a record arrives at an operator -------------------------------------------------------

  #deliver(k: number, input: number, v: string, region: Region): string {
    if (this.#isShared(k) || region.depth >= DEPTH_MAX)
      return `${this.#deliverFunction(k, input)}(${v})`
    return this.#invoke(k, input, v, region)
  }

  /** Reached on more than one way: its text is written once, as a function. */
  #isShared(k: number): boolean {
    let ways = this.#entries.filter((entry) => entry.to === k).length
    for (const { targets } of this.#operators) {
      for (const list of targets.values()) {
        for (const target of list) if (target.type === 'call' && target.to === k) ways++
      }
    }
    return ways > 1
  }

  #deliverFunction(k: number, input: number): string {
    const name = `deliver${k}_${input}`
    this.#define(name, (region) => this.#invoke(k, input, 'v', region))
    return name
  }

  #invoke(k: number, input: number, v: string, region: Region): string {
    const { shape, holds, operator } = this.#operators[k]
    if (shape === 'forward' || shape === 'source') return this.#emit(k, 'main', v, region)
    const r = this.#count.name('r')
    const exit = this.#count.name('b')
    const missed = this.#count.missed(region)
    const viewed = this.#viewed[k]
    // What is kept beyond the call.
    const kept = viewed ? `materialize(${v})` : v
    const given = viewed && shape === 'sink' ? `gate${k}.keeps ? ${kept} : ${v}` : v
    const call = `f${k}_${Array.isArray(operator.call) ? input : 0}(${given}, c${k}`
    const owned = viewed && this.#operators[k].reading === 'reads'
    const keepsKey = shape === 'key' || shape === 'process'
    const catchUp = this.#catchUp(k)
    const hold = holds
      ? `if (errors${k}.busy) { errors${k}.hold(${kept}, ${input}); ${missed.count} break ${exit} }`
      : ''
    return lines(
      `${exit}: {`,
      // What has said its last word takes no more.
      this.#looped && operator.finish !== undefined
        ? `if (state.late) { ${counterOf(k, 'dropped')}++; ${missed.count} break ${exit} }`
        : '',
      hold,
      shape === 'sink' || shape === 'async'
        ? `if (gate${k}.busy) { gate${k}.hold(${kept}, ${input}); state.pressed = true; ${missed.count} break ${exit} }`
        : '',
      catchUp,
      // What time alone has made fail waits for its retry before the record.
      catchUp === '' ? '' : hold,
      keepsKey ? `const key${r} = scope.key` : '',
      `let ${r}`,
      `try { ${this.#writable(k, input, resultText(k, shape, call, r))}${owned && hasResult(shape) ? `; ${r} = materialize(${r})` : ''} }`,
      shape === 'async'
        ? this.#awaitResult(k, input, r, v, exit, missed)
        : lines(
            `catch (e) { ${missed.count} ${r} = errors${k}.fail(e, ${kept}, ${input}); state.pressed ||= errors${k}.busy`,
            `if (${r} === FAILED) break ${exit}; ${missed.uncount} }`,
          ),
      this.#proceed(k, input, r, v, exit, missed, region),
      keepsKey ? `scope.key = key${r}` : '',
      `}`,
    )
  }

  /** Only while a record is processed that all subtasks get, broadcast state may be written. */
  #writable(k: number, input: number, call: string): string {
    if (this.#operators[k].broadcast?.inputs.has(input) !== true) return call
    return `broadcast${k}.writable = true; try { ${call} } finally { broadcast${k}.writable = false }`
  }

  /** An operator that hears of time does so before the record that comes behind it. */
  #catchUp(k: number): string {
    if (this.#operators[k].operator.onWatermark === undefined) return ''
    this.#bind(`timed${k}`, this.#time.operators[k])
    return `if (scope.watermark > timed${k}.watermark) time.catchUp(${k})`
  }

  /** What follows a call that returned `r`. */
  #proceed(
    k: number,
    input: number,
    r: string,
    v: string,
    exit: string,
    missed: Missed,
    region: Region,
  ): string {
    const passed = missed.pass(region)
    switch (this.#operators[k].shape) {
      case 'map':
      case 'async':
        return lines(
          `if (${r} === null || ${r} === undefined) { ${missed.count} break ${exit} }`,
          this.#emit(k, 'main', r, passed),
        )
      case 'filter':
        return lines(
          `if (!${r}) { ${missed.count} break ${exit} }`,
          this.#emit(k, 'main', v, passed),
        )
      case 'flatMap':
        return this.#expand(k, r, region)
      case 'key':
        return lines(`scope.key = ${r}`, this.#emit(k, 'main', v, passed))
      case 'timestamp':
        return this.#stamp(k, r, v, passed)
      case 'sink':
        return this.#awaitSink(k, input, r, v)
      case 'process':
        return ''
      default:
        return this.#emit(k, 'main', v, passed)
    }
  }

  /** The watermark that holds at a record is that of the records before it. */
  #stamp(k: number, r: string, v: string, region: Region): string {
    this.#bind(`watermarks${k}`, this.#operators[k].operator.watermarks)
    return lines(
      `const time${r} = scope.timestamp, mark${r} = scope.watermark`,
      `scope.timestamp = ${r}; scope.watermark = watermarks${k}.watermark`,
      this.#emit(k, 'main', v, region),
      `scope.timestamp = time${r}; scope.watermark = mark${r}`,
      `if (${r} > watermarks${k}.highest) watermarks${k}.raise(${r})`,
    )
  }

  /** The call that has returned a promise may go on reading its view, the first that does so; later ones get no views. */
  #awaitSink(k: number, input: number, r: string, v: string): string {
    const viewed = this.#viewed[k]
    const pin = viewed ? `if (!gate${k}.keeps) { gate${k}.keeps = true; pinView(${v}) } ` : ''
    const kept = viewed ? `materialize(${v})` : v
    return `if (${r} !== undefined && isThenable(${r})) { ${pin}gate${k}.track(${r}, ${kept}, ${input}); state.pressed ||= gate${k}.busy }`
  }

  /** What is there at once goes on at once, if nothing before it is on its way still; all else through the gate. */
  #awaitResult(
    k: number,
    input: number,
    r: string,
    v: string,
    exit: string,
    missed: Missed,
  ): string {
    const wait = (call: string) =>
      `{ ${missed.count} gate${k}.${call}; state.pressed ||= gate${k}.busy; break ${exit} }`
    return lines(
      `catch (e) ${wait(`fail(e, ${v}, ${input})`)}`,
      `if (${r} !== null && ${r} !== undefined && isThenable(${r})) ${wait(`track(${r}, ${v}, ${input})`)}`,
      `if (gate${k}.pending) ${wait(`follow(${r}, ${v}, ${input})`)}`,
    )
  }

  #expand(k: number, r: string, region: Region): string {
    const j = this.#count.name('j')
    const item = this.#count.name('v')
    const emitted = region.loop === undefined ? '' : this.#count.local('emitted', region)
    const inner: Region = emitted === '' ? region : { ...region, flow: emitted }
    return lines(
      `for (let ${j} = 0; ${j} < ${r}.length; ${j}++) {`,
      `const ${item} = ${r}[${j}]`,
      `if (${item} !== null && ${item} !== undefined) {`,
      emitted === '' ? '' : `${emitted} = (${emitted} + 1) | 0`,
      this.#emit(k, 'main', item, inner),
      `}`,
      `}`,
    )
  }

  // --- a record leaves an operator -----------------------------------------------------------

  #emit(k: number, port: string, v: string, region: Region): string {
    const targets = this.#operators[k].targets.get(port) ?? []
    const alone = targets.length === 1
    // A record that cannot be carried to its only consumer was not emitted.
    const refused = this.#count.missed(
      alone && port !== 'dead-letters' ? region : { ...region, loop: undefined, flow: '0' },
    )
    const counted = port === 'dead-letters' ? '' : this.#count.emitted(k, refused.pass(region))
    const inner: Region = { ...refused.pass(region), depth: region.depth + 1 }
    const passed =
      port !== 'dead-letters' && this.#viewed[k] && this.#operators[k].reading === 'passes'
    const refuse = (own: string) => {
      const uncount =
        alone && region.loop === undefined && port !== 'dead-letters'
          ? `${counterOf(k, 'recordsOut')}--; `
          : ''
      return `${refused.count} ${uncount}errors${k}.giveUp(e, ${passed ? `materialize(${own})` : own}, 1)`
    }
    const steps = targets.map((target) => this.#pass(target, v, alone, passed, refuse, inner))
    return lines(counted, ...steps)
  }

  #pass(
    target: Target,
    v: string,
    alone: boolean,
    passed: boolean,
    refuse: (own: string) => string,
    region: Region,
  ): string {
    const shared = this.#strict && !alone
    const keeps = passed && target.type === 'call' && !this.#viewed[target.to]
    const own = shared || keeps ? this.#count.name('v') : v
    const owned = keeps ? `materialize(${v})` : v
    const share = own === v ? '' : `const ${own} = ${shared ? `shareRecord(${owned})` : owned}`
    if (target.type === 'send') {
      const ring = this.#count.name('port')
      this.#bind(ring, target.port)
      return lines(
        `{`,
        share,
        `try { if (${ring}.send(${own})) state.pressed = true } catch (e) { ${refuse(own)} } }`,
      )
    }
    const deliver =
      target.guard === undefined
        ? lines(
            this.#count.received(target.to, region),
            this.#deliver(target.to, target.input, own, region),
          )
        : this.#guarded(target, target.guard, own, refuse(own), region)
    const kept = target.dropsKey ? this.#count.name('key') : ''
    return lines(
      `{`,
      share,
      kept === '' ? '' : `const ${kept} = scope.key; scope.key = undefined`,
      target.checked ? this.#checkedRecord(own, refuse(own), deliver) : deliver,
      kept === '' ? '' : `scope.key = ${kept}`,
      `}`,
    )
  }

  /** Strict mode shows a view where an exchange would, and ends it as the next record would. */
  #guarded(
    { to, input }: Extract<Target, { type: 'call' }>,
    guard: GuardRecord,
    v: string,
    refuse: string,
    region: Region,
  ): string {
    const view = this.#count.name('v')
    const make = this.#count.name('guard')
    const exit = this.#count.name('b')
    this.#bind(make, guard)
    return lines(
      `${exit}: {`,
      `let ${view} = ${v}`,
      `try { if (placeOf(${v}) === undefined) ${view} = ${make}(${v}) } catch (e) { ${refuse}; break ${exit} }`,
      `try {`,
      this.#count.received(to, region),
      this.#deliver(to, input, view, region),
      `} finally { if (${view} !== ${v}) endView(${view}) }`,
      `}`,
    )
  }

  /** An exchange that was fused away: its first records (strict: all) must be such as could have crossed. */
  #checkedRecord(v: string, refuse: string, deliver: string): string {
    const seen = this.#count.name('seen')
    const exit = this.#count.name('b')
    const due = this.#strict ? '' : `if (${seen} < ${CHECKED_RECORDS}) `
    if (!this.#strict) this.#prelude.push(`let ${seen} = 0`)
    return [
      `${exit}: {`,
      `${due}{ ${this.#strict ? '' : `${seen}++; `}try { assertEncodable(${v}) }`,
      `catch (e) { ${refuse}; break ${exit} } }`,
      deliver,
      `}`,
    ].join('\n')
  }

  // --- functions of the text -----------------------------------------------------------------

  #emitName(k: number, port: string): string {
    if (port === 'main') return `emit${k}`
    return `emit${k}_${[...this.#operators[k].targets.keys()].indexOf(port)}`
  }

  #emitFunction(k: number, port: string): void {
    const owned =
      this.#viewed[k] && this.#operators[k].reading === 'reads' && port !== 'dead-letters'
    const own = owned ? 'v = materialize(v)\n' : ''
    this.#define(this.#emitName(k, port), (region) => own + this.#emit(k, port, 'v', region))
  }

  #afterFunction(k: number): void {
    const name = `after${k}`
    this.#functions.set(name, '')
    this.#wanted.push(() => {
      const body = this.#proceed(k, 0, 'r', 'v', 'done', this.#count.missed(anywhere), anywhere)
      this.#functions.set(name, `function ${name}(r, v) {\ndone: {\n${body}\n}\n}`)
    })
  }

  #define(name: string, body: (region: Region) => string): void {
    if (this.#functions.has(name)) return
    this.#functions.set(name, '')
    this.#wanted.push(() => {
      this.#functions.set(name, `function ${name}(v) {\n${body(anywhere)}\n}`)
    })
  }
}
