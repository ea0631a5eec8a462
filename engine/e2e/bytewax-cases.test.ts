import { beforeAll, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import { type BytewaxCase, bytewaxCases, cases, flowOf } from './fixtures/bytewax-cases-job.ts'

/** What a case needs that is not here; by operator. */
const recovery = 'needs recovery'
const absent = 'an operator that is not in the API'
const elsewhere = (file: string) => `tested in ${file}`
const windows = elsewhere('engine/e2e/bytewax-windows.test.ts')
const operatorsLeftOut: Readonly<Record<string, string>> = {
  EventClock: windows,
  SystemClock: windows,
  SlidingWindower: windows,
  TumblingWindower: windows,
  SessionWindower: windows,
  collect_window: windows,
  fold_window: windows,
  max_window: windows,
  reduce_window: windows,
  join_window: windows,
  interval: absent,
  join_interval: absent,
  recovery,
  TestingSource: elsewhere('operators/testing/scripted-source.test.ts'),
  FileSource: elsewhere('operators/files/file-source.test.ts'),
  FileSink: recovery,
  StdOutSink: elsewhere('operators/basic/print.test.ts'),
  DynamicSource: elsewhere('operators/sources/sources.test.ts'),
  enrich_cached: elsewhere('operators/async/enrich-cached.test.ts'),
  raises: absent,
  FixedPartitionedSource: absent,
  FixedPartitionedSink: absent,
  SimplePollingSource: absent,
  'inputs.batch': absent,
  'inputs.batch_async': absent,
  order: absent,
  rolling_delta_stateful_flat_map: absent,
  select_time_range: absent,
  stateful_flat_map_timeout: absent,
}

/** The same by the name of the case. */
const casesLeftOut: Readonly<Record<string, string>> = {
  fold_final_snapshot_unit: recovery,
  count_final_eof_then_continue_restarts: recovery,
  recovery_rescale_3_5_1_workers: recovery,
  stateful_on_eof_retain_across_runs: recovery,
  stateful_snapshot_per_key: recovery,
  collect_logic_snapshot: recovery,
  collect_partial_list_survives_crash: recovery,
  join_final_state_dropped_at_eof: recovery,
  flow_without_input_rejected: elsewhere('engine/graph/validate.test.ts'),
}

/** Cases that end otherwise here, and why. */
const differences: Readonly<Record<string, { readonly why: string; readonly expected: unknown }>> =
  {
    branch_non_bool_predicate_fails: {
      why: 'predicates are truthy',
      expected: { trues: [1, 2, 3], falses: [] },
    },
    filter_non_bool_fails: { why: 'predicates are truthy', expected: [1] },
    inspect_passthrough: {
      why: 'operators have names of their own, not paths',
      expected: { down: ['a'], inspected: [['insp', 'a']] },
    },
    stateful_map_bad_return_fails: { why: 'an error code', expected: { error: 'SAGE_USER_ERROR' } },
    stateful_flat_map_null_state_discards_unit: {
      why: 'seen from outside: the second record finds no state',
      expected: [],
    },
    collect_full_list_clears_timer: {
      why: 'seen from outside: lists with their key, times by when they come',
      expected: [
        ['ALL', [1, 2]],
        ['ALL', [3]],
      ],
    },
    join_state_product_rows: {
      why: 'seen from outside: rows with their key',
      expected: [
        ['ALL', [1, null, 3]],
        ['ALL', [1, null, 4]],
        ['ALL', [2, null, 3]],
        ['ALL', [2, null, 4]],
      ],
    },
    join_null_value_counts_as_seen: { why: 'null is never a record', expected: [] },
    join_unknown_mode_rejected: { why: 'an error code', expected: { error: 'SAGE_OPTION' } },
    step_id_with_period_rejected: { why: 'a step id is any string', expected: [['ALL', 1]] },
  }

const inputs: Readonly<Record<string, unknown>> = {
  stateful_flat_map_null_state_discards_unit: [1, 1],
  step_id_with_period_rejected: ['a'],
}

/** One thing that happens to a running case. */
type Step =
  | { readonly side: number; readonly batch: readonly unknown[] }
  | { readonly atMs: number }

function stepsOf(one: BytewaxCase): Step[] {
  const input: any = inputs[one.name] ?? one.input
  if (Array.isArray(input)) return listSteps(input, one.params.batch_size ?? 1)
  if (input.arrivals !== undefined) {
    return input.arrivals.map(([key, side, value]: [string, number, unknown]) => ({
      side,
      batch: [[key, value]],
    }))
  }
  if (input.add !== undefined)
    return input.add.map(([side, value]: unknown[]) => ({ side, batch: [value] }))
  if (input.streams !== undefined) return roundRobin(input.streams)
  return input.steps.flatMap(({ sys_ms: atMs, item }: { sys_ms: number; item?: unknown }) =>
    item === undefined ? [{ atMs }] : [{ atMs }, { side: 0, batch: [item] }],
  )
}

function listSteps(items: readonly any[], batchSize: number): Step[] {
  const records = items.filter((item) => item?.$abort !== true)
  const steps: Step[] = []
  for (let i = 0; i < records.length; i += batchSize)
    steps.push({ side: 0, batch: records.slice(i, i + batchSize) })
  return steps
}

function roundRobin(streams: readonly (readonly unknown[])[]): Step[] {
  const longest = Math.max(...streams.map((stream) => stream.length))
  return Array.from({ length: longest }, (_, i) =>
    streams.flatMap((stream, side) => (i < stream.length ? [{ side, batch: [stream[i]] }] : [])),
  ).flat()
}

/** What the outputs of each case have seen, by their names; a case that fails has the code of its error. */
type Outcomes = ReadonlyMap<string, Readonly<Record<string, unknown>>>

/**
 * Runs cases as one job, step by step, and each time until all is still: what a record does is over before the next
 * one comes.
 */
async function runTogether(
  together: readonly BytewaxCase[],
  config: EnvironmentConfig,
): Promise<Outcomes> {
  const clock = new ManualClock(0)
  const names = together.map(({ name }) => name)
  const job = await bytewaxCases.submit(names, { ...config, clock })
  const reading = Promise.all(
    Object.entries(job.io)
      .filter(([name]) => !/\.side\d+$/.test(name))
      .map(async ([name, output]) => [...name.split('.'), await output.toArray()] as const),
  )
  // The job's failure is told by whatever is awaited first.
  reading.catch(() => {})
  const aborts = together.some(aborting)
  for (const one of together) {
    for (const step of stepsOf(one)) {
      if ('atMs' in step) clock.set(step.atMs)
      else await job.io[`${one.name}.side${step.side}`].push(step.batch)
      await settled(job)
    }
  }
  await (aborts ? job.cancel() : job.stop())
  const outcomes = new Map<string, Record<string, unknown>>()
  for (const [name, output, records] of await reading)
    outcomes.set(name, { ...outcomes.get(name), [output]: records })
  return outcomes
}

/** An abort is no end of input. */
function aborting({ input }: BytewaxCase): boolean {
  return Array.isArray(input) && input.some((item) => item?.$abort === true)
}

async function errorOf(one: BytewaxCase, config: EnvironmentConfig): Promise<unknown> {
  try {
    return (await runTogether([one], config)).get(one.name)
  } catch (error) {
    return { error: (error as { code?: string }).code }
  }
}

const run = cases.filter(
  ({ name, operator }) =>
    casesLeftOut[name] === undefined && operatorsLeftOut[operator] === undefined,
)
const expectedOf = ({ name, expected }: BytewaxCase): any =>
  differences[name]?.expected ?? expected.down ?? expected
const failing = run.filter((one) => expectedOf(one).error !== undefined)
const passing = run.filter((one) => !failing.includes(one))

/** Several subtasks keep the order per key. */
const modes: [string, EnvironmentConfig, boolean][] = [
  ['inline', { mode: 'inline', parallelism: 1 }, false],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }, true],
  ['threads, 1 subtask', { parallelism: 1, maxThreads: 1 }, false],
  ['threads, 3 subtasks', { parallelism: 3, maxThreads: 2 }, true],
]

describe.each(modes)('%s', (_, config, perKey) => {
  const outcomes = new Map<string, Readonly<Record<string, unknown>>>()
  beforeAll(async () => {
    for (const aborts of [false, true]) {
      const together = passing.filter((one) => aborting(one) === aborts)
      for (const [name, seen] of await runTogether(together, config)) outcomes.set(name, seen)
    }
  })

  it.each(passing.map((one) => [one.name, one] as const))('%s', (name, one) => {
    const expected = expectedOf(one)
    const seen = outcomes.get(name)!
    if (!Array.isArray(expected)) expect(seen).toEqual(expected)
    else if (perKey) expect(byKey(seen.down)).toEqual(byKey(expected))
    else expect(seen.down).toEqual(expected)
  })

  it.each(failing.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    expect(await errorOf(one, config)).toEqual(expectedOf(one))
  })
})

/** Keyed pairs in the order of their keys, for each key as they came; other records as they are. */
function byKey(output: unknown): unknown {
  const pairs = output as [string, unknown][]
  if (!pairs.every((one) => Array.isArray(one) && typeof one[0] === 'string')) return output
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

it('every case runs or has a reason not to', () => {
  const operators = new Set(cases.map(({ operator }) => operator))
  const names = new Set(cases.map(({ name }) => name))
  for (const operator of Object.keys(operatorsLeftOut)) expect(operators).toContain(operator)
  for (const table of [casesLeftOut, differences, inputs])
    for (const name of Object.keys(table)) expect(names).toContain(name)
  expect(run.filter((one) => flowOf(one) === undefined)).toEqual([])
  expect([cases.length, run.length]).toEqual([137, 46])
})
