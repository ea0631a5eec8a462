import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { linesOf } from './fixtures/run-example.ts'

/**
 * Every page is held to what it shows:
 *
 * - A `ts` block is a piece of an example, as it is: of the one that its first line names
 *   (`// examples/NAME.ts`), else of the one before it on the page. Indentation and blank lines do not count.
 * - A block behind "prints" is what the example before it prints: all its lines, those of one prefix (`prefix | …`) in
 *   their order; where it says "in some order", in any.
 * - A relative link leads to a file, and to a heading there.
 */
const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const pages = [
  'README.md',
  ...readdirSync(new URL('docs', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Pages that show all of an example, from its first line to its last. */
const whole = ['README.md', 'docs/benchmarking.md', 'docs/metrics.md']

interface Code {
  readonly file: string
  readonly text: string
}

interface Printed {
  readonly file: string
  readonly lines: string[]
  readonly anyOrder: boolean
}

function contentsOf(page: string): { code: Code[]; printed: Printed[] } {
  const code: Code[] = []
  const printed: Printed[] = []
  let file = ''
  const block =
    /^```ts\n(?:\/\/ (examples\/[\w./-]+\.ts)\n)?([\s\S]*?)^```$|prints(.*)\n\n```\n([\s\S]*?)^```$/gm
  for (const [, named, text, how, output] of read(page).matchAll(block)) {
    if (named !== undefined) file = named
    if (text !== undefined) code.push({ file, text })
    else {
      const lines = output.trimEnd().split('\n')
      printed.push({ file, lines, anyOrder: how.includes('in some order') })
    }
  }
  return { code, printed }
}

/** The lines of a text without what indents them and sets them apart. */
function plainLines(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}

const outputs = new Map<string, Promise<string[]>>()

/** What an example prints. It is run once, on however many pages it is. */
function outputOf(file: string): Promise<string[]> {
  const output = outputs.get(file) ?? linesOf(file.replace('examples/', ''))
  outputs.set(file, output)
  return output
}

const byPrefix = (lines: string[]) =>
  Object.groupBy(lines, (line) => (line.includes(' | ') ? line.split(' | ')[0] : ''))

const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')

describe.each(pages)('%s', (page) => {
  const { code, printed } = contentsOf(page)

  it('shows pieces of the examples as they are', () => {
    expect(code).toHaveLength(read(page).split('\n```ts\n').length - 1)
    for (const { file, text } of code) {
      expect(file, `${text}\nnames no example`).not.toBe('')
      expect(plainLines(read(file))).toContain(plainLines(text))
    }
    if (!whole.includes(page)) return
    for (const [file, pieces] of Object.entries(Object.groupBy(code, (piece) => piece.file))) {
      expect(pieces!.map((piece) => piece.text).join('\n')).toBe(read(file))
    }
  })

  it.each(Object.entries(Object.groupBy(printed, ({ file }) => file)))(
    'says what %s prints',
    async (file, blocks) => {
      const all = await outputOf(file)
      for (const { lines, anyOrder } of blocks!) {
        const there = all.filter((line) => lines.includes(line))
        if (anyOrder) expect(there.toSorted()).toEqual(lines.toSorted())
        else expect(byPrefix(there)).toEqual(byPrefix(lines))
      }
    },
  )

  it('links to what there is', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
    for (const [, path, anchor] of links) {
      const target = path === '' ? new URL(page, root) : new URL(path, new URL(page, root))
      expect(existsSync(target), path).toBe(true)
      if (anchor === undefined) continue
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)]
      expect(headings.map(([, heading]) => slug(heading))).toContain(anchor)
    }
  })
})

it('every example of the guide is on a page', () => {
  const shown = new Set(pages.flatMap((page) => contentsOf(page).code.map(({ file }) => file)))
  const guide = readdirSync(new URL('examples/guide', root)).map((name) => `examples/guide/${name}`)
  expect([...shown]).toEqual(expect.arrayContaining(guide))
})

it('docs/benchmarking.md names what there is', async () => {
  const kit = Object.keys(await import('sage-stream/bench'))
  const named = [...read('docs/benchmarking.md').matchAll(/`([a-z]\w+)\(?[^`]*`/g)]
  const functions = named
    .map(([, name]) => name)
    .filter((name) => /^(measure|compar|write|latencyAt|open|stream|job|timed)/.test(name))
  expect(functions.length).toBeGreaterThan(8)
  expect(kit).toEqual(expect.arrayContaining([...new Set(functions)]))
})
