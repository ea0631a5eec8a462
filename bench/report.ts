import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Report, reportMarkdown } from 'sage-stream/bench'

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
  const text = ['# Latest figures', ...reports.map(reportMarkdown)].join('\n\n')
  writeFileSync(new URL('latest.md', folder), `${text}\n`)
}
