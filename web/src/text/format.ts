// Numbers, durations and times as people read them. All times are UTC.

const group = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const nothing = '?'

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? nothing : group.format(n)
}

const three = (n: number): string => (n >= 99.95 ? group.format(n) : n >= 9.995 ? n.toFixed(1).replace(/\.0$/, '') : n.toFixed(2).replace(/\.?0+$/, ''))

export function rate(n: number | null | undefined): string {
  if (n === null || n === undefined) return nothing
  if (n > 0 && n < 0.01) return '<0.01'
  return three(n)
}

// ratio is a share as a percentage. Only what is exactly none or all is 0% or 100%.
export function ratio(n: number | null | undefined): string {
  if (n === null || n === undefined) return nothing
  const percent = n * 100
  if (percent > 0 && percent < 0.01) return '<0.01%'
  if (percent < 100 && percent > 99.99) return '>99.99%'
  if (percent >= 10) return `${percent.toFixed(percent > 99 && percent < 100 ? 2 : 1).replace(/\.0+$/, '')}%`
  return `${percent.toFixed(2).replace(/\.?0+$/, '')}%`
}

// seconds is a short duration, with three digits.
export function seconds(s: number | null | undefined): string {
  if (s === null || s === undefined) return nothing
  const size = Math.abs(s)
  if (size === 0) return '0 ms'
  if (size < 0.001) return '<1 ms'
  if (size < 0.9995) return `${Math.round(s * 1000)} ms`
  if (size < 99.95) return `${s.toFixed(size < 9.995 ? 2 : 1)} s`
  return span(s)
}

// span is a long duration, in its two largest units.
export function span(s: number | null | undefined): string {
  if (s === null || s === undefined) return nothing
  const whole = Math.max(Math.floor(s), 0)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 10) return two(minutes, 'min', whole % 60, 's')
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return two(hours, 'h', minutes % 60, 'min')
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

const two = (a: number, unit: string, b: number, smaller: string): string => (b > 0 ? `${a} ${unit} ${b} ${smaller}` : `${a} ${unit}`)

// windowOf is how much of its window a document is about.
export const windowOf = (d: { window_seconds: number; covered_seconds: number | null } | null): string => (d ? `last ${span(Math.min(d.covered_seconds ?? d.window_seconds, d.window_seconds))}` : '')

// bytes is a size of memory, in units of 1,024.
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return nothing
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = n
  let unit = 0
  while (size >= 1023.5 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${three(size)} ${units[unit]}`
}

export const ago = (ms: number): string => `${span(ms / 1000)} ago`

export function signed(s: number | null | undefined): string {
  if (s === null || s === undefined) return nothing
  const size = seconds(Math.abs(s))
  return `${size.startsWith('<') ? '' : s > 0 ? '+' : s < 0 ? '−' : ''}${size}`
}

const pad = (n: number): string => String(n).padStart(2, '0')

export function clock(ms: number): string {
  const d = new Date(ms)
  return `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}:${pad(d.getUTCSeconds())}`
}

export const minute = (ms: number): string => clock(ms).slice(0, 5)

export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

// stamp is the whole time, as the command line writes it.
export const stamp = (ms: number): string => `${day(ms)} ${clock(ms)} UTC`

// moment is the time of day, with the day if that is another one.
export const moment = (ms: number, now: number): string => (day(ms) === day(now) ? clock(ms) : `${day(ms)} ${clock(ms)}`)

export const plural = (n: number, one: string, many = `${one}s`): string => `${group.format(n)} ${n === 1 ? one : many}`
