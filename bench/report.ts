import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type BenchResult, table } from './harness.ts'

/** The outcome of one bench file, with the machine, Node, commit and date that it was measured on. */
export interface Report {
  readonly name: string
  readonly title: string
  readonly machine: string
  readonly targets?: string
  readonly results: readonly BenchResult[]
  readonly error?: string
}

/** A report as Markdown: one table for each topic. */
export function asMarkdown(report: Report): string {
  const topics = [...new Set(report.results.map((result) => result.bench))]
  return [
    `## ${report.name}: ${report.title}`,
    ...(report.targets === undefined ? [] : [`Target: ${report.targets}`]),
    ...(report.error === undefined ? [] : [`**Failed:** ${report.error}`]),
    ...topics.flatMap((topic) => [
      `**${topic}**`,
      table(report.results.filter((result) => result.bench === topic)),
    ]),
  ].join('\n\n')
}

/** The new reports and those old ones that they do not replace, by name. */
export function merge(old: readonly Report[], fresh: readonly Report[]): Report[] {
  const replaced = new Set(fresh.map((report) => report.name))
  const all = [...old.filter((report) => !replaced.has(report.name)), ...fresh]
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Writes the latest report of every bench to `latest.json` and `latest.md`. */
export function save(
  fresh: readonly Report[],
  folder = new URL('./results/', import.meta.url),
): void {
  mkdirSync(folder, { recursive: true })
  const json = new URL('latest.json', folder)
  const old = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Report[]) : []
  const reports = merge(old, fresh)
  writeFileSync(json, `${JSON.stringify(reports, undefined, 2)}\n`)
  const sections = reports.map((report) => `${asMarkdown(report)}\n\n${report.machine}`)
  const text = ['# Latest figures', ...sections].join('\n\n')
  writeFileSync(new URL('latest.md', folder), `${text}\n`)
}
