import { assertEncodable } from '../../codec/value.ts'
import { checkKey } from '../../codec/key.ts'
import { itemsOf, promiseReturned } from '../../operators/contract/result-checks.ts'
import { COUNTER } from '../metrics/counters.ts'
import type { ChainEntry, ChainOperator, ChainState, CompiledChain, Target } from './chain-model.ts'
import { FAILED } from './error-gate.ts'
import { isThenable } from './sink-gate.ts'
import { copyRecord, shareRecord } from './strict-records.ts'

/**
 * Compiles a chain into one function a way in (`run`), with the calls of its operators written out one
 * inside the other: user functions are called directly, with a try of their own, so that every failure is
 * charged to its operator and the rest of the record's way goes on as the policy says.
 *
 * What the text looks like for `source → map → filter → exchange`:
 *
 * ```
 * function run0(V, K, from, to) {
 *   let i = from, o0 = 0, o1 = 0, o2 = 0
 *   try {
 *     while (i < to) {
 *       const v0 = V[i++]
 *       if (v0 != null) { o0++
 *         b1: { let v1; try { v1 = f1(v0, c1); if (v1 instanceof Promise) throw promise1() }
 *               catch (e) { v1 = fail1(e, v0, 0); if (v1 === FAILED) break b1 }
 *           if (v1 != null) { o1++
 *             b2: { … if (v2) { o2++; try { p2.send(v1) } catch (e) { o2--; refuse2(e, v1) } } } } }
 *       }
 *       if (state.pressed) break
 *     }
 *   } finally { counters… }
 *   return i
 * }
 * ```
 *
 * Measured: a try per call costs nothing in optimised code; counters must be locals of the loop; and the text must be
 * unique to the chain (`sourceURL`), because V8 shares type feedback between identical function texts, which
 * makes the second chain an order of magnitude slower than the first.
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

/** Where counters of the text at hand live: in locals of a batch loop, or in memory. */
interface Region {
  readonly locals: Set<string> | undefined
  readonly depth: number
}

class ChainCompiler {
  readonly #id: string
  readonly #operators: readonly ChainOperator[]
  readonly #entries: readonly ChainEntry[]
  readonly #strict: boolean
  readonly #bound = new Map<string, unknown>()
  readonly #functions = new Map<string, string>()
  readonly #wanted: (() => void)[] = []
  readonly #prelude: string[] = []
  #fresh = 0

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
    this.#bind('state', state)
    this.#bind('scope', state.scope)
    for (const [name, value] of Object.entries({
      FAILED, checkKey, arrayOf, isThenable, assertEncodable, shareRecord, copyRecord, promiseReturned,
    })) this.#bind(name, value)
  }

  compile(): CompiledChain {
    this.#operators.forEach((_, k) => this.#bindOperator(k))
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
    const { operator, ctx, counters, errors, sink, out } = this.#operators[k]
    const calls = Array.isArray(operator.call) ? operator.call : [operator.call]
    calls.forEach((call, input) => this.#bind(`f${k}_${input}`, call))
    this.#bind(`c${k}`, ctx)
    this.#bind(`n${k}`, counters)
    this.#bind(`errors${k}`, errors)
    this.#bind(`out${k}`, out)
    if (sink !== undefined) this.#bind(`sink${k}`, sink)
  }

  // --- ways in -------------------------------------------------------------------------------

  #runFunction(entry: ChainEntry, e: number): string {
    const locals = new Set<string>()
    const region: Region = { locals, depth: 0 }
    const body = this.#entryCode(entry, region)
    const names = [...locals]
    return [
      `function run${e}(V, K, from, to) {`,
      `  let i = from${names.map((name) => `, ${name} = 0`).join('')}`,
      entry.keyed ? '' : '  scope.key = undefined',
      `  try {`,
      `    while (i < to) {`,
      `      const v = V[i]`,
      entry.keyed ? '      scope.key = K[i]' : '',
      `      i++`,
      body,
      `      if (state.pressed) break`,
      `    }`,
      `  } finally {`,
      ...names.flatMap((name) => this.#flushed(name)),
      `  }`,
      `  return i`,
      `}`,
    ].filter((line) => line !== '').join('\n')
  }

  /** Adds a local counter to memory: what an operator emitted is what those fed by it alone received. */
  #flushed(name: string): string[] {
    const received = name.startsWith('recordsOut') ? this.#fedBy(Number(name.slice('recordsOut'.length))) : []
    return [counterOf(name), ...received.map((k) => `n${k}[${COUNTER.recordsIn}]`)].map((c) => `    ${c} += ${name}`)
  }

  #fedBy(k: number): number[] {
    const [target, ...others] = this.#operators[k].targets.get('main') ?? []
    return target !== undefined && others.length === 0 && this.#isDerived(target) ? [target.to] : []
  }

  /** Whether what a lone target receives is exactly what its sender emitted. */
  #isDerived(target: Target): target is Target & { type: 'call' } {
    return target.type === 'call' && !target.checked && !this.#isShared(target.to)
  }

  #entryCode(entry: ChainEntry, region: Region): string {
    if (this.#operators[entry.to].shape !== 'source') {
      return `${this.#count(entry.to, 'recordsIn', region)}\n${this.#deliver(entry.to, entry.input, 'v', region)}`
    }
    const copied = this.#strict && entry.sharesRecords && this.#fansOut()
    const v = copied ? this.#name('v') : 'v'
    return [
      `if (v === null || v === undefined) { ${this.#count(entry.to, 'dropped', region)} } else {`,
      copied ? `const ${v} = copyRecord(v)` : '',
      this.#emit(entry.to, 'main', v, region),
      `}`,
    ].join('\n')
  }

  #fansOut(): boolean {
    return this.#operators.some(({ targets }) => [...targets.values()].some((list) => list.length > 1))
  }

  // --- a record arrives at an operator -------------------------------------------------------

  #deliver(k: number, input: number, v: string, region: Region): string {
    if (this.#isShared(k) || region.depth >= DEPTH_MAX) return `${this.#deliverFunction(k, input)}(${v})`
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
    const call = `f${k}_${Array.isArray(operator.call) ? input : 0}(${v}, c${k}`
    const fail = (r: string, exit: string) =>
      `catch (e) { ${r} = errors${k}.fail(e, ${v}, ${input}); state.pressed ||= errors${k}.busy; if (${r} === FAILED) break ${exit} }`
    if (shape === 'forward' || shape === 'source') return this.#emit(k, 'main', v, region)
    const r = this.#name('r')
    const exit = this.#name('b')
    const result = resultText(k, shape, call, r)
    return [
      `${exit}: {`,
      holds ? `if (errors${k}.busy) { errors${k}.hold(${v}, ${input}); break ${exit} }` : '',
      shape === 'sink' ? `if (sink${k}.busy) { sink${k}.hold(${v}); state.pressed = true; break ${exit} }` : '',
      shape === 'key' || shape === 'process' ? `const key${r} = scope.key` : '',
      `let ${r}`,
      `try { ${result} }`,
      fail(r, exit),
      this.#proceed(k, r, v, region),
      shape === 'key' || shape === 'process' ? `scope.key = key${r}` : '',
      `}`,
    ].filter((line) => line !== '').join('\n')
  }

  /** What follows a call that returned `r`. */
  #proceed(k: number, r: string, v: string, region: Region): string {
    switch (this.#operators[k].shape) {
      case 'map':
        return `if (${r} !== null && ${r} !== undefined) {\n${this.#emit(k, 'main', r, region)}\n}`
      case 'filter':
        return `if (${r}) {\n${this.#emit(k, 'main', v, region)}\n}`
      case 'flatMap':
        return this.#expand(k, r, region)
      case 'key':
        return `scope.key = ${r}\n${this.#emit(k, 'main', v, region)}`
      case 'sink':
        return `if (isThenable(${r})) { sink${k}.track(${r}, ${v}); state.pressed ||= sink${k}.busy }`
      case 'process':
        return ''
      default:
        return this.#emit(k, 'main', v, region)
    }
  }

  #expand(k: number, r: string, region: Region): string {
    const j = this.#name('j')
    const item = this.#name('v')
    return [
      `for (let ${j} = 0; ${j} < ${r}.length; ${j}++) {`,
      `const ${item} = ${r}[${j}]`,
      `if (${item} !== null && ${item} !== undefined) {`,
      this.#emit(k, 'main', item, region),
      `}`,
      `}`,
    ].join('\n')
  }

  // --- a record leaves an operator -----------------------------------------------------------

  #emit(k: number, port: string, v: string, region: Region): string {
    const targets = this.#operators[k].targets.get(port) ?? []
    const inner: Region = { locals: region.locals, depth: region.depth + 1 }
    const counted = port === 'dead-letters' ? '' : this.#count(k, 'recordsOut', region)
    const steps = targets.map((target) => this.#pass(k, port, target, v, inner))
    return [counted, ...steps].filter((line) => line !== '').join('\n')
  }

  #pass(k: number, port: string, target: Target, v: string, region: Region): string {
    const alone = this.#operators[k].targets.get(port)!.length === 1
    const shared = this.#strict && !alone
    const own = shared ? this.#name('v') : v
    const share = shared ? `const ${own} = shareRecord(${v})\n` : ''
    const refuse = this.#refuse(k, port, own, alone, region)
    if (target.type === 'call') {
      const derived = port === 'main' && region.locals !== undefined && alone && this.#isDerived(target)
      const count = derived ? '' : this.#count(target.to, 'recordsIn', region)
      const call = this.#withKey(k, target.keyed, this.#deliver(target.to, target.input, own, region))
      const deliver = `${count}\n${call}`
      return `{ ${share}${target.checked ? this.#checkedRecord(own, refuse, deliver) : deliver} }`
    }
    const ring = this.#name('port')
    this.#bind(ring, target.port)
    return `{ ${share}try { ${ring}.send(${own}) } catch (e) { ${refuse} } }`
  }

  /** Hides the key of the record at hand from a call into a stream that is not keyed. */
  #withKey(k: number, keyed: boolean, call: string): string {
    if (keyed || !this.#mayHaveKey(k)) return call
    const key = this.#name('key')
    return `const ${key} = scope.key\nscope.key = undefined\n${call}\nscope.key = ${key}`
  }

  #mayHaveKey(k: number): boolean {
    if (this.#operators[k].shape === 'key') return true
    if (this.#entries.some((entry) => entry.to === k && entry.keyed)) return true
    return this.#operators.some(({ targets }) =>
      [...targets.values()].flat().some((target) => target.type === 'call' && target.to === k && target.keyed))
  }

  /** A record that cannot be carried was not emitted: charged to the operator that made it. */
  #refuse(k: number, port: string, v: string, alone: boolean, region: Region): string {
    const counter = region.locals === undefined ? counterOf(`recordsOut${k}`) : `recordsOut${k}`
    const uncount = alone && port !== 'dead-letters' ? `${counter}--; ` : ''
    return `${uncount}errors${k}.giveUp(e, ${v}, 1)`
  }

  /** An exchange that was fused away: its first records (strict: all) must be such as could have crossed. */
  #checkedRecord(v: string, refuse: string, deliver: string): string {
    const seen = this.#name('seen')
    const exit = this.#name('b')
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
    this.#define(this.#emitName(k, port), (region) => this.#emit(k, port, 'v', region))
  }

  #afterFunction(k: number): void {
    const name = `after${k}`
    this.#functions.set(name, '')
    this.#wanted.push(() => {
      const body = this.#proceed(k, 'r', 'v', { locals: undefined, depth: 0 })
      this.#functions.set(name, `function ${name}(r, v) {\n${body}\n}`)
    })
  }

  #define(name: string, body: (region: Region) => string): void {
    if (this.#functions.has(name)) return
    this.#functions.set(name, '')
    this.#wanted.push(() => {
      this.#functions.set(name, `function ${name}(v) {\n${body({ locals: undefined, depth: 0 })}\n}`)
    })
  }

  #count(k: number, counter: keyof typeof COUNTER, region: Region): string {
    const name = `${counter}${k}`
    if (region.locals === undefined) return `${counterOf(name)}++`
    region.locals.add(name)
    return `${name}++`
  }

  #name(prefix: string): string {
    this.#fresh++
    return `${prefix}_${this.#fresh}`
  }
}

/** `recordsOut3` → `n3[1]`. */
function counterOf(name: string): string {
  const [, counter, k] = /^([a-zA-Z]+)(\d+)$/.exec(name)!
  return `n${k}[${COUNTER[counter as keyof typeof COUNTER]}]`
}

/** The call of one operator and the checks of its result. */
function resultText(k: number, shape: string, call: string, r: string): string {
  const noPromise = `if (${r} instanceof Promise) throw promiseReturned('${shape}')`
  switch (shape) {
    case 'sink':
      return `${r} = ${call})`
    case 'key':
      return `${r} = checkKey(${call}))`
    case 'flatMap':
      return `${r} = arrayOf(${call}))`
    case 'process':
      return `${r} = ${call}, out${k}); ${noPromise}`
    default:
      return `${r} = ${call}); ${noPromise}`
  }
}

/**
 * The items of a flatMap's result, whole before the first is passed on: a generator that throws midway has
 * emitted nothing, and a retry repeats nothing.
 */
function arrayOf(result: unknown): readonly unknown[] {
  const items = itemsOf(result)
  return Array.isArray(items) ? items : Array.from(items)
}

/** What compiled text does with a call's result before it proceeds: for the calls made outside of it. */
export function checked(shape: string, result: unknown): unknown {
  if (shape === 'key') return checkKey(result)
  if (shape === 'flatMap') return arrayOf(result)
  if (shape !== 'sink' && result instanceof Promise) throw promiseReturned(shape)
  return result
}
