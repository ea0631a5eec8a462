import { expect, test } from 'vitest'
import { flightsFile } from './flights-file.ts'
import { type Airport, flights } from './flights-job.ts'
import { pace } from './flights-progress.ts'
import { airportTable } from './flights-report.ts'
import { airportsBySql } from './flights-sql.ts'

const byCode = (a: Airport, b: Airport) => (a.code < b.code ? -1 : 1)

test.each([1, 2])('the table of 3,000,000 flights is that of DuckDB, parallelism %i', async (n) => {
  const file = flightsFile()
  const [expected, { outputs, operators, status }] = await Promise.all([
    airportsBySql(file),
    flights.run({ file }, { parallelism: n }),
  ])
  const airports = outputs.airports.sort(byCode)
  expect(airports.map(({ code }) => code)).toEqual(expected.map(({ code }) => code))
  expect(airports.length).toBeGreaterThan(200)
  for (const [i, airport] of airports.entries()) {
    const { meanDelay, late, ...exact } = expected[i]
    expect(airport).toMatchObject(exact)
    expect(airport.meanDelay).toBeCloseTo(meanDelay, 9)
    expect(airport.late).toBeCloseTo(late, 9)
  }
  expect(status).toBe('finished')
  expect(operators.map(({ name, recordsOut }) => [name, recordsOut])).toEqual([
    ['flights', 3_000_000],
    ['by origin', 3_000_000],
    ['tally', airports.length],
    ['entries', airports.length],
    ['airport', airports.length],
    ['airports', airports.length],
  ])
})

test('the printed table is aligned', () => {
  const airports = [
    { code: 'ABE', flights: 1234, meanDelay: 3.14, late: 20, worstDay: '2001-03-05' },
    { code: 'XNA', flights: 5, meanDelay: -0.25, late: 0, worstDay: null },
  ]
  expect(airportTable(airports).split('\n')).toEqual([
    'code  flights  mean delay (min)  late > 15 min (%)  worst day',
    'ABE     1,234               3.1               20.0  2001-03-05',
    'XNA         5              -0.3                0.0  -',
  ])
})

test('pace: rate so far and time to go', () => {
  expect(pace(0, 100, 0)).toEqual({ rate: '0.00 M/s', left: 'ETA unknown' })
  expect(pace(2_000_000, 3_000_000, 1000)).toEqual({ rate: '2.00 M/s', left: 'ETA 0.5 s' })
  expect(pace(10, 0, 1)).toEqual({ rate: '0.01 M/s', left: 'ETA unknown' })
})
