import { useMemo, useState } from 'preact/hooks'
import { lastKnown, type Lines } from '../../data/windows'
import { day, minute, moment } from '../../text/format'
import { Chart, type ChartProps, type Line } from '../../ui/Chart'
import { useHost } from '../../ui/context'
import { Mark } from '../../ui/Icon'
import type { Mark as FleetMark } from '../data/api'
import { marksOf } from '../data/lines'

export function Swatch({ line }: { line: Line }) {
  return (
    <svg width="16" height="8" aria-hidden="true">
      <line class={`l-${line.color === 'accent' ? 'acc' : line.color}${line.dash ? ' dot' : ''}`} x2="16" y1="4" y2="4" stroke-width="2" />
    </svg>
  )
}

interface TimeChartProps {
  title: string // for those who do not see the chart
  lines: Lines
  shown: readonly Line[]
  height: number
  value: ChartProps['value']
  marks: readonly FleetMark[]
  says: string // the chart in a sentence
  axis?: boolean
  limit?: { at: number; label: string }
  least?: number
  onZoom?: ChartProps['onZoom']
}

// A TimeChart has a key with the last values, or with those under the cursor.
export function TimeChart({ title, lines, shown, value, says, marks, ...rest }: TimeChartProps) {
  const page = useHost()
  const [at, setAt] = useState<number | null>(null)
  const events = useMemo(() => marksOf(marks), [marks])
  const time = at === null ? undefined : lines.times[at]
  const [first, last] = [(lines.times[0] ?? 0) * 1000, (lines.times.at(-1) ?? 0) * 1000]
  const ends = day(first) === day(last) || last - first <= 86_400_000 ? `${minute(first)} to ${minute(last)}` : `${day(first)} ${minute(first)} to ${day(last)} ${minute(last)}`
  return (
    <div class="timechart">
      <p class="ct">
        {shown.map((line) => {
          const values = lines.lines.get(line.key)
          return (
            <span class="key" key={line.key}>
              <Swatch line={line} /> {line.label} <span class="num">{value(at === null ? lastKnown(values) : (values?.[at] ?? null))}</span>
            </span>
          )
        })}
        {time !== undefined && <span class="q when">at {moment(time * 1000, page.now())}</span>}
      </p>
      <Chart name={`${title}, ${ends} UTC. ${says}`} lines={lines} shown={shown} value={value} marks={events} onCursor={setAt} {...rest} />
    </div>
  )
}

// Marks lists what is drawn through the charts, the newest first.
export function Marks({ marks }: { marks: readonly FleetMark[] }) {
  const page = useHost()
  if (marks.length === 0) return null
  const events = marksOf(marks).reverse()
  return (
    <ol class="rows" aria-label="Marks in the charts">
      {events.slice(0, 6).map((e, i) => (
        <li key={i}>
          <time class="q" dateTime={e.at}>
            {moment(Date.parse(e.at), page.now())}
          </time>
          <span class="mark">
            <Mark kind={e.kind} />
          </span>
          <span class="says">{e.says}</span>
        </li>
      ))}
    </ol>
  )
}

// greatest is the highest known value of a line.
export function greatest(lines: Lines, key: string): number | null {
  const known = (lines.lines.get(key) ?? []).filter((v) => v !== null)
  return known.length > 0 ? Math.max(...known) : null
}
