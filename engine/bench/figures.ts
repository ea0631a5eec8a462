/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Three significant digits, in thousands, millions or billions where that is shorter; two below 1.
 */
export function figure(value: number): string {
  const [scale, suffix] =
    value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e4 ? [1e3, ' k'] : [1, '']
  const scaled = value / scale
  if (scaled > 0 && scaled < 1) return scaled.toPrecision(2)
  const digits = scaled >= 100 || scaled === 0 ? 0 : scaled >= 10 ? 1 : 2
  return scaled.toFixed(digits) + suffix
}

/** Which side the cells of a column stand on. */
export type Align = 'left' | 'right'

/** A table with aligned columns, one line a row, that reads well as text and is valid Markdown. */
export function alignedTable(
  header: readonly string[],
  aligns: readonly Align[],
  rows: readonly (readonly string[])[],
): string {
  const all = [header, ...rows].map((row) => row.map(asCell))
  const widths = header.map((_, column) => Math.max(3, ...all.map((row) => row[column].length)))
  const line = (row: readonly string[]) => {
    const cells = row.map((cell, column) =>
      aligns[column] === 'right' ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    )
    return `| ${cells.join(' | ')} |`
  }
  const rule = widths.map((width, column) =>
    aligns[column] === 'right' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [line(all[0]), `| ${rule.join(' | ')} |`, ...all.slice(1).map(line)].join('\n')
}

/** A cell ends neither at a bar nor at the end of a line of its text. */
function asCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}
