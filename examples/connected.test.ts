import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** Runs an example as a user would; gives the lines it printed, sorted. */
async function linesOf(example: string): Promise<string[]> {
  const path = new URL(example, import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', path])
  return stdout.trimEnd().split('\n').sort()
}

describe('examples of connected streams print what they promise', () => {
  it.each([
    ['connected-merge.ts', ['id=1, source=data1', 'id=2, source=data1', 'id=3, source=data2']],
    [
      'connected-window.ts',
      [
        'minute | windowStart=0, windowEnd=60000, total=51, average=17, count=3',
        'minute | windowStart=180000, windowEnd=240000, total=5, average=5, count=1',
        'minute | windowStart=60000, windowEnd=120000, total=21, average=21, count=1',
        'session | [200000, 230000]',
        'session | [5000, 100000]',
        'sliding | [-60000, 2, 1]',
        'sliding | [0, 3, 1]',
        'sliding | [120000, 0, 1]',
        'sliding | [180000, 0, 1]',
        'sliding | [60000, 1, 0]',
      ],
    ],
    [
      'connected-events.ts',
      [
        'pattern=login_purchase, userId=ada, loginTime=1000, purchaseTime=4000, purchaseAmount=12',
        'pattern=login_purchase, userId=cid, loginTime=130000, purchaseTime=135000, purchaseAmount=90',
      ],
    ],
    [
      'connected-join.ts',
      [
        'alone | Cid did nothing',
        'alone | nobody knows u9',
        'enriched | userId=u1, action=buy, userName=Ada, userTier=gold',
        'enriched | userId=u1, action=view, userName=Ada, userTier=gold',
        'enriched | userId=u2, action=buy, userName=Bob, userTier=silver',
      ],
    ],
    [
      'connected-state.ts',
      [
        'key=["clicks", "/0"], value=501',
        'key=counter, value=1500',
        'key=events, value=["first click on /0", "first click on /0"]',
        'key=statistics, value={lastUpdate=999, count=1500}',
      ],
    ],
    [
      'connected-synchronize.ts',
      [
        'by day | [25, 24]',
        'by day | [7, 7]',
        'within a second | [25, 24]',
        'within a second | [7, 7]',
      ],
    ],
    [
      'connected-errors.ts',
      [
        '-5',
        '-7',
        '10',
        '2 errors',
        '20',
        'Error in stream orders: ten is no amount',
        'Error in stream refunds: x is no amount',
      ],
    ],
    ['connected-pieces.ts', ['["number", 2]', '["word", 3]']],
  ])('%s', async (example, expected) => {
    expect(await linesOf(example)).toEqual(expected)
  })
})
