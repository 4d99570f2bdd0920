import { count, ratio, seconds, span } from '../../text/format'
import { slow } from '../../ui/Table'
import type { Cluster } from './api'
import type { Measure } from './place'

export type State = Cluster['state']

interface Look {
  word: string
  tone: 'bad' | 'warn' | 'ok' | 'off'
  icon: 'bad' | 'warn' | 'ok' | 'unknown'
}

export const looks: Record<State, Look> = {
  gone: { word: 'gone', tone: 'bad', icon: 'bad' },
  twice: { word: 'shards twice', tone: 'bad', icon: 'bad' },
  down: { word: 'shards down', tone: 'warn', icon: 'warn' },
  late: { word: 'late', tone: 'bad', icon: 'bad' },
  unknown: { word: 'unknown', tone: 'off', icon: 'unknown' },
  left: { word: 'left', tone: 'off', icon: 'unknown' },
  up: { word: 'up', tone: 'ok', icon: 'ok' },
}

export const states = Object.keys(looks) as State[]

// absent is a cluster whose values are the last known ones.
export const absent = (c: Cluster): boolean => c.state === 'gone' || c.state === 'left'

// ageOf is how old the last report of a cluster is, in s.
export const ageOf = (c: Cluster, now: number): number | null => (c.last_report_at === null ? null : Math.max(now - Date.parse(c.last_report_at), 0) / 1000)

// short is what a cluster is called where there is little room: the number at the end of
// its name, or else its number in the region.
export const short = (c: Cluster): string => /\d{1,4}$/.exec(c.cluster)?.[0] ?? String(c.number)

export interface Cell {
  text: string
  level: 0 | 1 | 2 // 1 is to be looked at, 2 is bad
}

// percent has one digit after the point. Only what is exactly none is 0.
const percent = (n: number): string => (n === 0 ? '0' : n < 0.0005 ? '<.1' : (n * 100).toFixed(n < 0.9995 ? 1 : 0))
const level = (n: number, warn: number, bad: number): Cell['level'] => (n > bad ? 2 : n > warn ? 1 : 0)

// bounds are above which a cell is drawn as one to look at, and as bad.
export const bounds = { late: [0.01, 0.05], p95: [1, 3], '429': [5, 30] } as const

interface Kind {
  name: string
  unit: string // of the number in the cells
  low: string
  mid: string
  high: string
  cell: (c: Cluster, now: number, goneAfter: number) => Cell | null // null: unknown
}

export const kinds: Record<Measure, Kind> = {
  late: {
    name: 'Late', unit: '% not answered in time, 5 min', low: 'up to 1%', mid: '1% to 5%', high: 'over 5%',
    cell: ({ failure_ratio: n }) => (n === null ? null : { text: percent(n), level: level(n, ...bounds.late) }),
  },
  p95: {
    name: 'p95', unit: 'p95 of the acknowledgement, s, 5 min', low: 'up to 1 s', mid: '1 s to 3 s', high: 'over 3 s',
    cell: ({ answer_p95_seconds: n }) => (n === null ? null : { text: n < 9.95 ? n.toFixed(1) : n.toFixed(0), level: slow(n) === 'bad' ? 2 : slow(n) === 'warn' ? 1 : 0 }),
  },
  shards: {
    name: 'Shards', unit: 'shards that are up', low: 'all', mid: 'some are not', high: 'none is',
    cell: ({ shards: { up, total } }) => (up === null ? null : { text: total === null || up === total ? String(up) : `${up}/${total}`, level: total === null || up >= total ? 0 : up > 0 ? 1 : 2 }),
  },
  '429': {
    name: '429', unit: 'rate limits a minute, 5 min', low: 'up to 5', mid: '5 to 30', high: 'over 30',
    cell: ({ rate_limits_per_minute: n }) => (n === null ? null : { text: n >= 9.95 || n === 0 ? n.toFixed(0) : n.toFixed(1), level: level(n, ...bounds['429']) }),
  },
  age: {
    name: 'Age', unit: 'age of the last report, s', low: 'in time', mid: 'late', high: 'too old',
    cell: (c, now, goneAfter) => {
      const age = ageOf(c, now)
      return age === null ? null : { text: age < 1000 ? age.toFixed(0) : `${Math.round(age / 60)}m`, level: level(age, (goneAfter * 2) / 3, goneAfter) }
    },
  },
}

// story is a cluster in a sentence or two.
export function story(c: Cluster, now: number): string {
  const age = ageOf(c, now)
  const reported = age === null ? 'Never reported.' : `Last report ${span(age)} ago.`
  const was = absent(c) ? 'Last known: ' : ''
  const parts = [
    `${c.cluster}: ${looks[c.state].word}.`,
    `${was}${ratio(c.failure_ratio)} not answered in time in 5 min, p95 ${seconds(c.answer_p95_seconds)}.`,
    `${was}${count(c.shards.up)} of ${count(c.shards.total)} shards up, version ${c.version ?? '?'}.`,
    reported,
  ]
  return parts.join(' ')
}

// has reports whether a shard is in ranges such as 0-15,32-47.
const has = (ids: string, shard: number): boolean =>
  ids.split(',').some((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number)
    return shard >= from && shard <= to
  })

// found has the clusters with all of the words in their names, and in one state. #7 is in
// the one that has shard 7.
export function found(clusters: readonly Cluster[], find: string, state: string): Cluster[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean)
  return clusters.filter((c) => {
    if (state !== '' && c.state !== state) return false
    if (words.length === 0) return true
    const text = [c.cluster, c.region, c.bot, c.job, c.version, c.instance].filter(Boolean).join(' ').toLowerCase()
    return words.every((word) => (/^#\d+$/.test(word) ? c.shards.ids !== '' && has(c.shards.ids, Number(word.slice(1))) : text.includes(word)))
  })
}

// labelled are the clusters that labels are about. A label that is not there may be any:
// rules leave out those that they do not need.
export function labelled(labels: Readonly<Record<string, string>>, clusters: readonly Cluster[]): Cluster[] {
  if (!labels.cluster) return []
  const same = (label: string | undefined, value: string | null): boolean => label === undefined || label === (value ?? '')
  return clusters.filter((c) => c.cluster === labels.cluster && same(labels.region, c.region) && same(labels.bot, c.bot) && same(labels.job, c.job))
}

const names = new Intl.Collator('en', { numeric: true })

// byRegion has the order of the names, in which eu-9 is before eu-10, so that a cluster is
// where one looks for it.
export function byRegion(clusters: readonly Cluster[]): [string | null, Cluster[]][] {
  const regions = new Map<string | null, Cluster[]>()
  for (const c of clusters) {
    const list = regions.get(c.region)
    if (list) list.push(c)
    else regions.set(c.region, [c])
  }
  for (const list of regions.values()) list.sort((a, b) => names.compare(a.cluster, b.cluster) || a.number - b.number)
  return [...regions].sort(([a], [b]) => names.compare(a ?? '', b ?? ''))
}
