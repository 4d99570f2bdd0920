import { count } from '../text/format'

// perMinute is a number of interactions a minute, with as many digits as are useful.
export function perMinute(n: number | null | undefined): string {
  if (n === null || n === undefined) return '?'
  if (n > 0 && n < 0.1) return '<0.1'
  if (n < 9.95) return n.toFixed(1).replace(/\.0$/, '')
  const size = 10 ** Math.max(Math.floor(Math.log10(n)) - 1, 0)
  return count(Math.round(n / size) * size)
}

// big is a large number in three digits.
export function big(n: number | null | undefined): string {
  if (n === null || n === undefined || n < 100_000) return count(n)
  const [size, unit] = n < 999_500 ? [n / 1e3, 'k'] : [n / 1e6, 'M']
  return `${size.toPrecision(3)} ${unit}`
}

// ranges writes ranges of shards.
export const rangesOf = (list: readonly (readonly number[])[]): string => list.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ')

// listed has the first of some names, and how many more there are.
export function listed(names: readonly string[], n = names.length, most = 5): string {
  const shown = names.slice(0, most)
  return `${shown.join(', ')}${n > shown.length ? ` and ${count(n - shown.length)} more` : ''}`
}
