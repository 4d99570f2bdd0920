import { useMemo, useState } from 'preact/hooks'
import type { Event } from '../data/api'
import { type ChartName, charts, overFor } from '../data/questions'
import { lastKnown, type Lines } from '../data/windows'
import { count, minute, moment, rate, seconds, span } from '../text/format'
import { Chart, type ChartProps, type Line } from '../ui/Chart'
import { usePage, useTitle } from '../ui/context'
import { Mark } from '../ui/Icon'
import { Empty, Having, Panel } from '../ui/Panel'

const outcomes: readonly Line[] = [
  { key: 'missed', label: 'missed', color: 'bad', fill: 'solid' },
  { key: 'rejected', label: 'rejected', color: 'bad', fill: 'cross' },
  { key: 'late', label: 'late', color: 'warn', fill: 'hatch' },
  { key: 'in_time', label: 'in time', color: 'data', fill: 'area' },
]
const delays: readonly Line[] = [
  { key: 'p50', label: 'p50', color: 'data' },
  { key: 'p95', label: 'p95', color: 'accent' },
  { key: 'p99', label: 'p99', color: 'accent', dash: [2, 3] },
]
const single: readonly Line[] = [{ key: '', label: '', color: 'data' }]
const scopes: readonly Line[] = [
  { key: 'global', label: 'global', color: 'bad', fill: 'solid' },
  { key: 'shared', label: 'shared', color: 'warn', fill: 'cross' },
  { key: 'user', label: 'user', color: 'warn', fill: 'hatch' },
  { key: 'unknown', label: 'unknown', color: 'off', fill: 'area' },
]

export function Swatch({ line, bar }: { line: Line; bar: boolean }) {
  if (!bar)
    return (
      <svg width="16" height="8" aria-hidden="true">
        <line class={`l-${line.color === 'accent' ? 'acc' : line.color}${line.dash ? ' dot' : ''}`} x2="16" y1="4" y2="4" stroke-width="2" />
      </svg>
    )
  const tone = line.color === 'bad' ? 'bad' : line.color === 'warn' ? 'warn' : 'off'
  return (
    <svg width="10" height="10" aria-hidden="true">
      {line.fill === 'area' && <rect x=".5" y=".5" width="9" height="9" class="f-soft s-ink" />}
      {line.fill === 'solid' && <rect x=".5" y=".5" width="9" height="9" class={`f-${tone}`} />}
      {line.fill === 'hatch' && (
        <>
          <rect width="10" height="10" class={`f-${tone}`} />
          <path d="M-1 5 5-1M1 11 11 1" class="s-surf" stroke-width="1.6" />
        </>
      )}
      {line.fill === 'cross' && (
        <>
          <rect x=".5" y=".5" width="9" height="9" class={`f-surf s-${tone}`} />
          <path d="M0 0 10 10M10 0 0 10" class={`s-${tone}`} />
        </>
      )}
    </svg>
  )
}

interface TimeChartProps {
  title: string
  names: ChartName[] // of the questions, joined
  lines: Lines
  shown: readonly Line[]
  stacked?: boolean
  height: number
  value: ChartProps['value']
  says: (lines: Lines) => string
  axis?: boolean
  limit?: { at: number; label: string }
  least?: number
  marks: readonly Event[]
}

function TimeChart({ title, names, lines, shown, stacked = false, value, says, ...rest }: TimeChartProps) {
  const page = usePage()
  const titleOf = useTitle()
  const [at, setAt] = useState<number | null>(null)
  const index = at ?? lines.times.length - 1
  const time = lines.times[index]
  const name = names[0]
  const q = name ? charts[name] : undefined
  return (
    <div class="timechart">
      <p class="ct" title={names.map((n) => titleOf(charts[n].name)).join('\n')}>
        <b>{title}</b>
        {(stacked ? [...shown].reverse() : shown).map((line) => {
          const values = lines.lines.get(line.key)
          const n = at === null ? lastKnown(values) : (values?.[index] ?? null)
          return (
            <span class="key" key={line.key}>
              {line.label !== '' && <Swatch line={line} bar={stacked} />}
              {line.label} <span class="num">{value(n)}</span>
            </span>
          )
        })}
        <span class="q when">{at !== null && time !== undefined ? `at ${moment(time * 1000, page.now())}` : q && q.form !== 'last' ? `last ${overFor(q, lines.step)?.replace(/s$/, ' s')}` : ''}</span>
      </p>
      <Chart name={`${title}, ${minute((lines.times[0] ?? 0) * 1000)} to ${minute((lines.times.at(-1) ?? 0) * 1000)} UTC. ${says(lines)}`} lines={lines} shown={shown} stacked={stacked} value={value} onCursor={setAt} {...rest} />
    </div>
  )
}

function join(parts: Record<string, Lines | null | undefined>): Lines | null {
  const first = Object.values(parts).find(Boolean)
  if (!first) return null
  const lines = new Map<string, (number | null)[]>()
  for (const [key, part] of Object.entries(parts)) {
    if (!part) continue
    const known = new Map(part.times.map((t, i) => [t, part.lines.get('')?.[i] ?? null]))
    lines.set(key, first.times.map((t) => known.get(t) ?? null))
  }
  return { step: first.step, times: first.times, lines }
}

const sum = (values: readonly (number | null)[] | undefined): number => (values ?? []).reduce<number>((n, v) => n + (v ?? 0), 0)
const top = (lines: Lines, key: string): number | null => {
  const known = (lines.lines.get(key) ?? []).filter((v) => v !== null)
  return known.length > 0 ? Math.max(...known) : null
}

const lanes: { name: string; kinds: Event['kind'][] }[] = [
  { name: 'Starts', kinds: ['start', 'shard_count'] },
  { name: 'Closes', kinds: ['close'] },
  { name: 'Resumes', kinds: ['resume'] },
  { name: 'New sessions', kinds: ['new_session'] },
  { name: '429s', kinds: ['rate_limited'] },
  { name: 'Findings', kinds: ['finding_began', 'finding_ended'] },
]

function Lanes({ lines, marks }: { lines: Lines; marks: readonly Event[] }) {
  const end = lines.times.at(-1) ?? 0
  const range = end - (lines.times[0] ?? 0)
  const x = (e: Event): string => `${Math.min(Math.max(100 - ((end - Date.parse(e.at) / 1000) / range) * 100, 0), 100)}%`
  return (
    <>
      <p class="ct">
        <b>Events</b>
        <span class="q">starts, closes, new sessions, global limits and findings are marks on every chart</span>
      </p>
      <div class="lanes" role="img" aria-label={`Events by kind: ${lanes.map((l) => `${l.name} ${marks.filter((e) => l.kinds.includes(e.kind)).length}`).join(', ')}. The timeline lists them.`}>
        {lanes.map((lane) => (
          <div class="lane" key={lane.name}>
            <span class="nm">{lane.name}</span>
            <svg height="18" width="100%" aria-hidden="true">
              {marks
                .filter((e) => lane.kinds.includes(e.kind))
                .slice(-200)
                .map((e, i) => (
                  <svg key={i} x={x(e)} y="4" width="10" height="10" overflow="visible">
                    <title>{`${moment(Date.parse(e.at), Date.parse(e.at))} ${e.says}`}</title>
                    <g transform="translate(-5 0)">
                      <Mark kind={e.kind} />
                    </g>
                  </svg>
                ))}
            </svg>
          </div>
        ))}
      </div>
    </>
  )
}

function NumbersTable({ parts }: { parts: { head: string; lines: Lines; key: string; value: (n: number | null) => string }[] }) {
  const [open, setOpen] = useState(false)
  const page = usePage()
  const times = parts[0]?.lines.times ?? []
  return (
    <details class="more" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>These charts as a table</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls the table
        <div class="tw tall" tabIndex={0} role="region" aria-label="The charts as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">Time, UTC</th>
                {parts.map((p) => (
                  <th scope="col" class="n" key={p.head}>
                    {p.head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times
                .map((t, i) => (
                  <tr key={t}>
                    <th scope="row">{moment(t * 1000, page.now())}</th>
                    {parts.map((p) => (
                      <td class="n" key={p.head}>
                        {p.value(p.lines.lines.get(p.key)?.[i] ?? null)}
                      </td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </div>
      )}
    </details>
  )
}

export function Charts() {
  const page = usePage()
  const { data, place } = page.state
  const c = data.charts
  const marks = page.marks()
  const ack = useMemo(() => join({ p50: c.ackP50?.value, p95: c.ackP95?.value, p99: c.ackP99?.value }), [c.ackP50, c.ackP95, c.ackP99])
  const main = c.outcomes
  const lines = main?.value
  const [from, to] = [lines?.times[0], lines?.times.at(-1)]
  const known = lines ? [...lines.lines.values()].some((v) => v.some((n) => n !== null)) : false
  const parts = [
    ...(lines ? [...outcomes].reverse().map((l) => ({ head: l.label, lines, key: l.key, value: count })) : []),
    ...(ack ? delays.map((l) => ({ head: l.label, lines: ack, key: l.key, value: seconds })) : []),
    ...(c.events?.value ? [{ head: 'events/s', lines: c.events.value, key: '', value: rate }] : []),
    ...(c.latency?.value ? [{ head: 'heartbeat', lines: c.latency.value, key: '', value: seconds }] : []),
  ]
  return (
    <Panel
      title={place.zoom ? `${span(data.view.range)}, zoomed` : `The last ${span(data.view.range)}`}
      note={from !== undefined && to !== undefined && lines ? `${minute((from - lines.step) * 1000)} to ${minute(to * 1000)} UTC · a point every ${span(lines.step)} · hatched: no data` : ''}
      right={
        place.zoom ? (
          <button type="button" class="btn" onClick={() => page.go({ zoom: null })}>
            Reset zoom
          </button>
        ) : (
          <span class="wide">drag over a chart to zoom</span>
        )
      }
      class="c8 wideside charts"
    >
      <Having of={main}>
        {(lines) =>
          known ? (
            <>
              <TimeChart
                title="Interactions by outcome"
                names={['outcomes']}
                lines={lines}
                shown={outcomes}
                stacked
                height={210}
                value={count}
                least={4}
                marks={marks}
                axis
                says={(l) => [...outcomes].reverse().map((o) => `${count(sum(l.lines.get(o.key)))} ${o.label}`).join(', ')}
              />
              {ack && (
                <TimeChart title="Receipt to acknowledgement" names={['ackP50', 'ackP95', 'ackP99']} lines={ack} shown={delays} height={130} value={seconds} least={3.4} limit={{ at: 3, label: 'deadline 3 s' }} marks={marks} says={(l) => `Highest p95: ${seconds(top(l, 'p95'))}. The deadline is 3 s.`} />
              )}
              <Lanes lines={lines} marks={marks} />
              {c.events?.value && <TimeChart title="Gateway events per second" names={['events']} lines={c.events.value} shown={single} height={72} value={rate} least={1} marks={marks} says={(l) => `Highest: ${rate(top(l, ''))}.`} />}
              {c.latency?.value && <TimeChart title="Heartbeat round trip, worst shard" names={['latency']} lines={c.latency.value} shown={single} height={72} value={seconds} least={0.1} marks={marks} says={(l) => `Highest: ${seconds(top(l, ''))}.`} />}
              {c.limits?.value && <TimeChart title="Rate limits (429)" names={['limits']} lines={c.limits.value} shown={scopes} stacked height={88} axis value={count} least={4} marks={marks} says={(l) => scopes.map((s) => `${s.label} ${count(sum(l.lines.get(s.key)))}`).join(', ')} />}
              <NumbersTable parts={parts} />
            </>
          ) : (
            <Empty says="No data in this range yet" how="The process began to keep its history when it started. The first points come within a step." />
          )
        }
      </Having>
    </Panel>
  )
}
