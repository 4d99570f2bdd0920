import { type Range, ranges, type View } from './questions'

// A Place is the part of the state that is in the address, after the #, so a reload and
// a link show the same. It goes to no server.
export interface Place {
  range: Range | null // null: 15 min while the process is young, else 1 h
  zoom: { from: number; to: number } | null // s since 1970
  paused: number | null // since when, in s since 1970
  shard: string
  bot: string
}

export const usual = (young: boolean): Range => (young ? '15m' : '1h')

export const home: Place = { range: null, zoom: null, paused: null, shard: '', bot: '' }

const seconds = (text: string | null): number | null => {
  const n = text && /^\d{9,11}$/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(n) ? n : null
}

// parse takes what makes sense, and leaves out what does not.
export function parse(hash: string): Place {
  const p = new URLSearchParams(hash.replace(/^#/, ''))
  const range = p.get('range') ?? ''
  const [from, to] = [seconds(p.get('from')), seconds(p.get('to'))]
  return {
    range: range in ranges ? (range as Range) : null,
    zoom: from !== null && to !== null && to - from >= 60 && to - from <= 21600 ? { from, to } : null,
    paused: seconds(p.get('paused')),
    shard: /^\d{1,6}$/.test(p.get('shard') ?? '') ? (p.get('shard') ?? '') : '',
    bot: (p.get('bot') ?? '').slice(0, 128),
  }
}

export function format(place: Place): string {
  const p = new URLSearchParams()
  if (place.bot) p.set('bot', place.bot)
  if (place.range) p.set('range', place.range)
  if (place.zoom) {
    p.set('from', String(place.zoom.from))
    p.set('to', String(place.zoom.to))
  }
  if (place.paused !== null) p.set('paused', String(place.paused))
  if (place.shard) p.set('shard', place.shard)
  const text = p.toString()
  return text ? `#${text}` : ''
}

export function viewOf(place: Place, young = false): View {
  if (place.zoom) return { range: place.zoom.to - place.zoom.from, end: place.zoom.to }
  return { range: ranges[place.range ?? usual(young)], end: place.paused }
}
