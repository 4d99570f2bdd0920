import type { Span } from '../../data/windows'

export const views = { commands: 'Commands', release: 'Releases', guilds: 'Guilds hit', growth: 'Growth', guild: 'One guild', command: 'Command' } as const
export type ViewName = keyof typeof views

export const lengths = { '1h': 3600, '6h': 21600, '24h': 86400, '7d': 604800, '30d': 2592000, '90d': 7776000, '1y': 31536000 } as const
export type Length = keyof typeof lengths

// A View is the state of the analytics pages. It is the part of the address after the #,
// which browsers send to no server: it may have the id of a guild.
export interface View {
  view: ViewName
  bot: string | null // null: the one with the newest events
  last: Length | null // null: as is usual for the view
  window: Span | null // instead of the last so many hours; s since 1970
  command: string
  version: string | null // null: all
  before: string | null // null: the server chooses
  after: string | null
  guild: string
}

export const start: View = { view: 'commands', bot: null, last: null, window: null, command: '', version: null, before: null, after: null, guild: '' }

const usual: Record<ViewName, Length> = { commands: '24h', command: '24h', release: '7d', guilds: '1h', growth: '30d', guild: '24h' }
const keeps: Record<ViewName, readonly ('version' | 'before' | 'after' | 'command' | 'guild')[]> = {
  commands: ['version'],
  command: ['command', 'version'],
  release: ['before', 'after'],
  guilds: [],
  growth: [],
  guild: ['guild'],
}

const most = 731 * 86400 // s
const longest = 256

const seconds = (text: string | null): number | null => (text && /^\d{9,11}$/.test(text) ? Number(text) : null)

// parse takes what makes sense, and leaves out what does not.
export function parse(text: string): View {
  const p = new URLSearchParams(text)
  const name = p.get('view') ?? ''
  const view: View = { ...start, view: name in views ? (name as ViewName) : 'commands', bot: p.get('bot') }
  for (const key of keeps[view.view]) {
    const value = p.get(key)
    if (value !== null && value.length <= longest) Object.assign(view, { [key]: value })
  }
  const last = p.get('last') ?? ''
  if (last in lengths) view.last = last as Length
  const [from, to] = [seconds(p.get('from')), seconds(p.get('to'))]
  if (from !== null && to !== null && to > from && to - from <= most) view.window = { from, to }
  return view.view === 'command' && !p.has('command') ? { ...view, view: 'commands' } : view
}

export function format(view: View): string {
  const p = new URLSearchParams()
  if (view.view !== 'commands') p.set('view', view.view)
  if (view.bot !== null) p.set('bot', view.bot)
  for (const key of keeps[view.view]) {
    const value = view[key]
    if (value !== null && (value !== '' || key !== 'guild')) p.set(key, value)
  }
  if (view.window) {
    p.set('from', String(view.window.from))
    p.set('to', String(view.window.to))
  } else if (view.last) p.set('last', view.last)
  return p.toString()
}

export const lengthOf = (view: View): Length => view.last ?? usual[view.view]

// units are what the server widens a window to, in s.
const units: Record<ViewName, number> = { commands: 3600, command: 3600, release: 3600, guilds: 1, growth: 86400, guild: 1 }
const enough = 6

// wholeOf reports whether a window of a view is as long as it says, with what has passed of
// the present hour or day. A shorter one has that and more, so that it is never almost
// empty.
export const wholeOf = (view: View): boolean => lengths[lengthOf(view)] >= enough * units[view.view]

// spanOf is the window that the server is asked for at a time, in ms since 1970.
export function spanOf(view: View, now: number): { from: string; to: string | null } {
  if (view.window) return { from: iso(view.window.from), to: iso(view.window.to) }
  const unit = units[view.view]
  const begin = now / 1000 - lengths[lengthOf(view)]
  return { from: iso((wholeOf(view) ? Math.ceil(begin / unit) : Math.floor(begin / unit)) * unit), to: null }
}

const iso = (s: number): string => new Date(s * 1000).toISOString()

// hrefOf is a link to a view.
export function hrefOf(view: View): string {
  const text = format(view)
  return `#/analytics${text ? `?${text}` : ''}`
}
