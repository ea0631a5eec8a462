import { expect, test } from 'vitest'
import { checkReplay, folderWith, readAll, sourceOf, tiny } from './fixtures/read-all.ts'

const json = { format: 'json' } as const

test('each line is a value; blank lines are passed over', async () => {
  const folder = folderWith({ 'a.json': '\uFEFF{"a":1}\r\n\n  \n[2,"é"]\nnull\n"x"\n3' })
  const expected = [{ a: 1 }, [2, 'é'], null, 'x', 3]
  expect(await readAll(`${folder}/a.json`, json)).toEqual(expected)
  expect(await readAll(`${folder}/a.json`, json, tiny)).toEqual(expected)
})

test('a broken line is one error with path and line, and reading goes on behind it', async () => {
  const content = '{"a":1}\n\n{"a":\n{"a":2}\nnope\n{"a":3}\n'
  const folder = folderWith({ 'a.json': content })
  const path = `${folder}/a.json`
  for (const tuning of [tiny, { wholeBytes: 1, rangeBytes: 3, chunkBytes: 4 }, undefined]) {
    const records = await readAll(path, json, tuning)
    expect(records.filter((record) => !(record instanceof Error))).toEqual([
      { a: 1 },
      { a: 2 },
      { a: 3 },
    ])
    const errors: any[] = records.filter((record) => record instanceof Error)
    expect(errors.map(({ code, endsJob }) => [code, endsJob])).toEqual([
      ['SAGE_FILE', undefined],
      ['SAGE_FILE', undefined],
    ])
    expect(errors[0].message).toBe(`file '${path}', line 3: expected a JSON value, got "{\\"a\\":"`)
    expect(errors[1].message).toBe(`file '${path}', line 5: expected a JSON value, got "nope"`)
    expect(errors[1].cause).toBeInstanceOf(SyntaxError)
  }
})

test('every position continues where it was taken, also before a broken line', async () => {
  const folder = folderWith({ 'a.json': '1\n\nx\n2\n3\ny' })
  const source = sourceOf(`${folder}/a.json`, json)
  const [part] = await source.partitions()
  const records = await checkReplay(source, part)
  expect(records.map((record) => record.code ?? record)).toEqual([
    1,
    'SAGE_FILE',
    2,
    3,
    'SAGE_FILE',
  ])
})

test('a broken last line without a line break has its own number', async () => {
  const folder = folderWith({ 'a.json': '1\n2\n{' })
  const records = await readAll(`${folder}/a.json`, { format: 'json' })
  expect(records).toEqual([1, 2, expect.objectContaining({ code: 'SAGE_FILE' })])
  expect(records[2].message).toContain(`a.json', line 3: expected a JSON value`)
})
