import { expect, test } from 'vitest'
import type { ErrorCode } from '../../codec/errors.ts'
import { decideRestart, type FailureFacts, type RestartPolicy } from './restart-decision.ts'

const failed = (facts: Partial<FailureFacts> = {}): FailureFacts => ({
  code: 'SAGE_USER_ERROR',
  hasRun: true,
  ending: false,
  attempts: 0,
  failures: [5_000],
  ...facts,
})
const fixed: RestartPolicy = { type: 'fixedDelay', delayMs: 50, attempts: 3 }
const exponential: RestartPolicy = {
  type: 'exponential',
  initialMs: 100,
  maxMs: 1_000,
  factor: 3,
  attempts: 10,
}
const rate: RestartPolicy = { type: 'failureRate', failures: 2, intervalMs: 1_000, delayMs: 7 }

test.each<[string, RestartPolicy, Partial<FailureFacts>, number | undefined]>([
  ['none', { type: 'none' }, {}, undefined],
  ['fixed: the first', fixed, {}, 50],
  ['fixed: the last', fixed, { attempts: 2 }, 50],
  ['fixed: one too many', fixed, { attempts: 3 }, undefined],
  ['fixed: without a bound', { ...fixed, attempts: Infinity }, { attempts: 1e6 }, 50],
  ['exponential: the first', exponential, {}, 100],
  ['exponential: the second', exponential, { attempts: 1 }, 300],
  ['exponential: the third', exponential, { attempts: 2 }, 900],
  ['exponential: at most', exponential, { attempts: 3 }, 1_000],
  ['exponential: the last', exponential, { attempts: 9 }, 1_000],
  ['exponential: one too many', exponential, { attempts: 10 }, undefined],
  [
    'exponential: of a large number',
    { ...exponential, attempts: Infinity },
    { attempts: 1e6 },
    1_000,
  ],
  ['rate: the first', rate, {}, 7],
  ['rate: as many as may be', rate, { failures: [4_500, 5_000] }, 7],
  ['rate: too many', rate, { failures: [4_001, 4_500, 5_000] }, undefined],
  ['rate: the oldest is out of it', rate, { failures: [4_000, 4_500, 5_000] }, 7],
  ['rate: attempts do not count', rate, { attempts: 100 }, 7],
  ['it has never run', fixed, { hasRun: false }, undefined],
  ['its end was asked for', fixed, { ending: true }, undefined],
])('%s', (_, policy, facts, delayMs) => {
  expect(decideRestart(policy, failed(facts))).toEqual(
    delayMs === undefined ? { type: 'giveUp' } : { type: 'restart', delayMs },
  )
})

test.each<[ErrorCode, boolean]>([
  ['SAGE_USER_ERROR', true],
  ['SAGE_UNHANDLED_REJECTION', true],
  ['SAGE_WORKER_EXIT', true],
  ['SAGE_OUT_OF_MEMORY', true],
  ['SAGE_STUCK', true],
  ['SAGE_SERVICE', true],
  ['SAGE_FILE', true],
  ['SAGE_SQL', true],
  ['SAGE_TIMEOUT', true],
  ['SAGE_GRAPH_MISMATCH', false],
  ['SAGE_JOB_MODULE', false],
  ['SAGE_CONFIG', false],
  ['SAGE_CHECKPOINT_CORRUPT', false],
  ['SAGE_CHECKPOINT_INCOMPATIBLE', false],
  ['SAGE_CHECKPOINT_IN_USE', false],
  ['SAGE_RESCALE', false],
  ['SAGE_CANCELLED', false],
  ['SAGE_SCHEMA_MISMATCH', false],
  ['SAGE_ERROR_THRESHOLD', false],
])('%s: %s', (code, curable) => {
  expect(decideRestart(fixed, failed({ code })).type).toBe(curable ? 'restart' : 'giveUp')
})
