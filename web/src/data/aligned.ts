import type { Lines } from './windows'

// aligned makes a table of the lines; stacked ones lie on those before.
export function aligned(lines: Lines, shown: readonly { key: string }[], stacked: boolean): (number | null)[][] {
  const table: (number | null)[][] = []
  let below: number[] | null = null
  for (const { key } of shown) {
    const values = lines.lines.get(key) ?? lines.times.map(() => null)
    if (!stacked) {
      table.push(values)
      continue
    }
    const sums: number[] = values.map((value, i) => (value ?? 0) + (below?.[i] ?? 0))
    table.push(sums.map((sum, i) => (shown.some((line) => (lines.lines.get(line.key)?.[i] ?? null) !== null) ? sum : null)))
    below = sums
  }
  if (stacked) table.reverse()
  return [lines.times, ...table]
}
