import { describe, expect, it } from 'vitest'
import { DEFECTS } from './fixtures/defects.ts'
import { FAIR, type LifePlan } from './life-plan.ts'
import { type SimulationOptions, type SimulationReport, simulate } from './simulation.ts'

async function traced(options: SimulationOptions): Promise<string> {
  const lines: string[] = []
  const report = await simulate({ ...options, trace: (line) => lines.push(line) })
  return [...lines, JSON.stringify(report)].join('\n')
}

/** The first seed that something is found with. */
async function firstFinding(
  from: number,
  seeds: number,
  options: Omit<SimulationOptions, 'seed'>,
): Promise<SimulationReport | undefined> {
  for (let seed = from; seed < from + seeds; seed++) {
    const report = await simulate({ ...options, seed })
    if (report.finding !== undefined) return report
  }
  return undefined
}

describe('the simulator', () => {
  it('finds nothing in the engine', async () => {
    const sum = {
      lives: 0,
      restarts: 0,
      rots: 0,
      checkpoints: 0,
      inFlight: 0,
      circulating: 0,
      rows: 0,
      simulatedMs: 0,
    }
    for (let seed = 1; seed <= 30; seed++) {
      const report = await simulate({ seed })
      expect(report).toMatchObject({ seed, finding: undefined })
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += report[name]
    }
    // Seeds that do nothing would find nothing, too.
    expect(sum.lives).toBeGreaterThan(80)
    expect(sum.restarts).toBeGreaterThan(20)
    expect(sum.checkpoints).toBeGreaterThan(100)
    expect(sum.rots).toBeGreaterThan(3)
    expect(sum.inFlight).toBeGreaterThan(1_000)
    expect(sum.circulating).toBeGreaterThan(100)
    expect(sum.rows).toBeGreaterThan(1_000)
    expect(sum.simulatedMs).toBeGreaterThan(1_000_000)
  })

  describe('finds nothing, at whatever event of a life', () => {
    const worlds: [string, (at: number) => Partial<LifePlan>][] = [
      ['the process is killed', (at) => ({ crash: { at, mode: 'killed' } })],
      ['power is lost', (at) => ({ crash: { at, mode: 'power' } })],
      ['a thread is terminated', (at) => ({ actions: [{ at, action: 'terminate a thread' }] })],
      [
        'a thread is terminated, and the job starts again',
        (at) => ({
          actions: [{ at, action: 'terminate a thread' }],
          restart: { fixedDelay: { delay: 50, attempts: 3 } },
        }),
      ],
      [
        'the coordinator is terminated, and the job starts again',
        (at) => ({
          actions: [{ at, action: 'terminate the coordinator' }],
          restart: { exponential: { initial: 10, max: 100, factor: 2, attempts: 3 } },
        }),
      ],
      [
        'user code does not return, and later the job is to stop',
        (at) => ({
          actions: [
            { at, action: 'a thread hangs' },
            { at: at + 60, action: 'suspend to a savepoint' },
          ],
          restart: { failureRate: { failures: 2, interval: 1_000, delay: 0 } },
        }),
      ],
      ['the job is cancelled', (at) => ({ actions: [{ at, action: 'cancel' }] })],
      [
        'it is to stand still behind a checkpoint that takes too long',
        (at) => ({
          actions: [{ at, action: 'suspend' }],
          timeoutMs: 200,
          disk: { ...FAIR, syncMs: 5_000 },
        }),
      ],
      [
        'the world outside is slower than checkpoints may be',
        (at) => ({
          actions: [{ at, action: 'checkpoint' }],
          timeoutMs: 200,
          ledger: { latencyMs: 2_000, errorShare: 0 },
        }),
      ],
    ]

    it.each(worlds)('%s', async (_, first) => {
      // A life has most to do when it begins.
      for (const seed of [2, 18])
        for (let at = 1; at <= 600; at += at < 40 ? 3 : 47)
          expect(await simulate({ seed, first: first(at) })).toMatchObject({ finding: undefined })
    })
  })

  it.each([3, 12, 19])('does the same for the same seed, to the last byte: %i', async (seed) => {
    const first = await traced({ seed })
    expect(first.split('\n').length).toBeGreaterThan(200)
    expect(await traced({ seed })).toBe(first)
    expect(await traced({ seed: seed + 1 })).not.toBe(first)
  })

  describe('finds what is planted', () => {
    it.each(Object.entries(DEFECTS))(
      '%s',
      async (_, parts) => {
        const found = await firstFinding(45, 200, { parts })
        expect(found?.finding).toMatch(
          /is visible|is there still|was read|against its policy|SAGE_USER_ERROR|has come|has lost|is stuck|never finishes|SAGE_CHECKPOINT_CORRUPT|SAGE_FILE|would have to take back/,
        )
        // And it is what was planted: without it, the same seed finds nothing.
        expect(await simulate({ seed: found!.seed })).toMatchObject({ finding: undefined })
      },
      180_000,
    )
  })
})
