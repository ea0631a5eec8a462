import { expect, it } from 'vitest'
import { KeyedState } from '../state/keyed-state.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { MapFunction } from './function.ts'
import {
  functionFactory,
  functionName,
  isClass,
  requireFunction,
  requireLambda,
} from './function-form.ts'
import { emptyScope } from './operator.ts'

class Scale extends MapFunction<number, number> {
  readonly factor: number
  readonly steps: string[]
  constructor({ factor, steps }: { factor: number; steps: string[] }) {
    super()
    this.factor = factor
    this.steps = steps
  }
  override open() {
    this.steps.push(`open ${this.name}`)
  }
  execute(value: number) {
    this.steps.push('execute')
    return value * this.factor
  }
  override close() {
    this.steps.push('close')
  }
}

it('isClass tells classes from functions', () => {
  function Compiled() {}
  Compiled.prototype.execute = () => {}
  const classes = [Scale, class {}, class extends Array {}, Compiled]
  const functions = [
    () => 1,
    function plain() {},
    async () => 1,
    function* () {},
    async function* () {},
    Math.max,
    Boolean,
    Number,
    String,
    (() => {}).bind(null),
    { method() {} }.method,
  ]
  expect(classes.map(isClass)).toEqual(classes.map(() => true))
  expect(functions.map(isClass)).toEqual(functions.map(() => false))
  expect([null, {}, 'class A {}'].map(isClass)).toEqual([false, false, false])
})

it('functionName: the class, else the method', () => {
  const named = (value: number) => value
  expect(functionName(Scale, 'map')).toBe('Scale')
  expect(functionName(named, 'map')).toBe('map')
  expect(functionName(class {}, 'map')).toBe('map')
})

it('a lambda is called as it is', () => {
  const fn = (value: number) => value
  const { ctx } = operatorHarness(fn)
  const scope = emptyScope()
  const place = { name: 'map', keyed: false, maxParallelism: 1, clock: ctx.clock }
  const keyed = new KeyedState(place, scope)
  const out = { collect: () => {}, collectTo: () => {} }
  const context = {
    ctx,
    scope,
    out,
    keyed,
    combined: false,
    countDropped: () => {},
    checkpointed: false,
  }
  expect(functionFactory('map', 'map', fn).create(context).call).toBe(fn)
})

it('a class lives once per subtask: constructor, ctx, open, execute, close', async () => {
  const steps: string[] = []
  const factory = functionFactory('map', 'map', Scale, { factor: 3, steps })
  const harness = operatorHarness(factory, { name: 'scale' })
  harness.push(2)
  await harness.end()
  expect(harness.output).toEqual([6])
  expect(steps).toEqual(['open scale', 'execute', 'close'])
})

it('subtasks share no instance', () => {
  class Counts extends MapFunction<number, number> {
    #count = 0
    execute() {
      return ++this.#count
    }
  }
  const factory = functionFactory('map', 'map', Counts)
  const [first, second] = [operatorHarness(factory), operatorHarness(factory, { subtask: 1 })]
  first.push(1)
  first.push(1)
  second.push(1)
  expect([first.output, second.output]).toEqual([[1, 2], [1]])
})

it('a class whose open is asynchronous gets its first record afterwards', async () => {
  class Slow extends MapFunction<string, string> {
    #greeting = 'unopened'
    override async open() {
      await undefined
      this.#greeting = 'hello'
    }
    execute(name: string) {
      return `${this.#greeting} ${name}`
    }
  }
  const harness = operatorHarness(Slow)
  await harness.push('you')
  expect(harness.output).toEqual(['hello you'])
})

it('a class without open and close will do', () => {
  const harness = operatorHarness(
    class {
      execute = (value: number) => value + 1
    },
    { shape: 'map' },
  )
  harness.push(1)
  expect(harness.output).toEqual([2])
})

it('a class without the method is refused by its name', () => {
  class Empty {}
  expect(() => operatorHarness(functionFactory('map', 'map', Empty))).toThrow(
    expect.objectContaining({
      code: 'SAGE_OPTION',
      message: 'map: expected a class with a method execute(), but class Empty has none',
    }),
  )
})

it.each([[undefined], [null], ['x'], [{}], [[]]])(
  'refuses %s in the place of a function',
  (value) => {
    const refused = expect.objectContaining({
      code: 'SAGE_OPTION',
      message: expect.stringMatching(/^map: expected a function/),
    })
    expect(() => requireFunction(value, 'map')).toThrow(refused)
    expect(() => requireLambda(value, 'map')).toThrow(refused)
  },
)

it('requireLambda refuses a class', () => {
  expect(() => requireLambda(Scale, 'reduce')).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION' }),
  )
})
