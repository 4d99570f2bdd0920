import type { Span } from '../../data/windows'

export const ranges = { '15m': 900, '1h': 3600, '6h': 21600, '24h': 86400 } as const
export type Range = keyof typeof ranges

export const pages = { overview: 'Overview', timeline: 'Timeline', alerts: 'Alerts', members: 'Members', query: 'Query', analytics: 'Analytics', cluster: 'Cluster' } as const
export type PageName = keyof typeof pages

export const measures = ['late', 'p95', 'shards', '429', 'age'] as const
export type Measure = (typeof measures)[number]

// A Place is the state of the page. It is in the address, after the #, so a reload and a
// link show the same. It goes to no server.
export interface Place {
  page: PageName
  // job and bot choose a bot, and with region and cluster a cluster. An empty label is
  // one that is not set.
  job: string
  bot: string
  region: string
  cluster: string
  range: Range
  zoom: Span | null // s since 1970
  find: string // text in the rows of a table
  state: string // of the rows of a table
  kind: string // of the events of the timeline
  sort: string // head of a column
  cell: Measure // in the cells of the heat map
  q: string // PromQL
  analytics: string // the state of the analytics pages, which they read themselves
}

export const home: Place = { page: 'overview', job: '', bot: '', region: '', cluster: '', range: '1h', zoom: null, find: '', state: '', kind: '', sort: '', cell: 'late', q: '', analytics: '' }

// What each page keeps of the place, beside the range and the zoom.
const keeps: Record<PageName, readonly (keyof Place)[]> = {
  overview: ['job', 'bot', 'find', 'state', 'sort', 'cell'],
  cluster: ['job', 'bot', 'region', 'cluster'],
  timeline: ['job', 'bot', 'find', 'kind'],
  alerts: ['find', 'state'],
  members: ['find', 'state', 'sort'],
  query: ['q'],
  analytics: [],
}

const longest = 200 // of a text; a query may have 4,000

const seconds = (text: string | null): number | null => (text && /^\d{9,11}$/.test(text) ? Number(text) : null)

// parse takes what makes sense, and leaves out what does not.
export function parse(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s)
  const page = path in pages ? (path as PageName) : 'overview'
  const p = new URLSearchParams(query)
  const place: Place = { ...home, page }
  if (page === 'analytics') return { ...place, analytics: query.slice(0, 4000) }
  for (const key of keeps[page]) {
    const value = (p.get(key) ?? '').slice(0, key === 'q' ? 4000 : longest)
    if (key === 'cell') place.cell = measures.find((m) => m === value) ?? home.cell
    else Object.assign(place, { [key]: value })
  }
  const range = p.get('range') ?? ''
  if (range in ranges) place.range = range as Range
  const [from, to] = [seconds(p.get('from')), seconds(p.get('to'))]
  if (from !== null && to !== null && to - from >= 60 && to - from <= 86400) place.zoom = { from, to }
  return page === 'cluster' && (place.job === '' || place.cluster === '') ? { ...home, range: place.range } : place
}

export function format(place: Place): string {
  if (place.page === 'analytics') return `#/analytics${place.analytics ? `?${place.analytics}` : ''}`
  const p = new URLSearchParams()
  for (const key of keeps[place.page]) if (place[key] !== home[key]) p.set(key, String(place[key]))
  if (place.range !== home.range) p.set('range', place.range)
  if (place.zoom) {
    p.set('from', String(place.zoom.from))
    p.set('to', String(place.zoom.to))
  }
  const text = p.toString()
  return `#/${place.page === 'overview' ? '' : place.page}${text ? `?${text}` : ''}`
}

// windowOf is the range that a server is asked for: the zoom lies within it.
export function windowOf({ range, zoom }: Pick<Place, 'range' | 'zoom'>): { range: Range; to?: number } {
  if (!zoom) return { range }
  const enough = (Object.keys(ranges) as Range[]).find((r) => ranges[r] >= zoom.to - zoom.from)
  return { range: enough ?? '24h', to: zoom.to }
}

// link is the address of another page, in the same range.
export const link = (to: Partial<Place>, range: Range = home.range): string => format({ ...home, range, ...to })

interface Where {
  job: string
  bot: string | null
  region: string | null
  cluster: string
}

export const placeOf = ({ job, bot, region, cluster }: Where): Partial<Place> => ({ page: 'cluster', job, bot: bot ?? '', region: region ?? '', cluster })

export const keyOf = ({ job, bot, region, cluster }: Where): string => JSON.stringify([job, bot, region, cluster])
