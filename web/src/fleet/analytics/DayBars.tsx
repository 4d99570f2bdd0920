import { count, day } from '../../text/format'

export interface BarsOfDay {
  day: string
  counts: { joins: number; leaves: number } | null // null if nothing is known of it
}

interface DayBarsProps {
  days: readonly BarsOfDay[] // each day of the window
}

const [width, height, half] = [1000, 120, 56]

// DayBars has joins above the line and leaves below it.
export function DayBars({ days }: DayBarsProps) {
  const top = Math.max(1, ...days.map(({ counts }) => Math.max(counts?.joins ?? 0, counts?.leaves ?? 0)))
  const each = width / Math.max(days.length, 1)
  const bar = Math.max(each - Math.min(2, each / 4), 0.5)
  const size = (n: number): number => (n === 0 ? 0 : Math.max((n / top) * (half - 2), 1))
  const sum = (key: 'joins' | 'leaves'): number => days.reduce((n, { counts }) => n + (counts?.[key] ?? 0), 0)
  const [first, last] = [days[0]?.day ?? '', days.at(-1)?.day ?? '']
  return (
    <div class="daybars">
      <p class="s q">at most {count(top)} a day</p>
      <svg class="chart" width="100%" height={height} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`Joins and leaves a day, ${first.slice(0, 10)} to ${last.slice(0, 10)}: ${count(sum('joins'))} joined, ${count(sum('leaves'))} left. The table below has the days.`}>
        {days.map(({ day: of, counts }, i) => (
          <g key={of}>
            <title>{`${of.slice(0, 10)}: ${counts ? `${count(counts.joins)} joined, ${count(counts.leaves)} left` : 'no events'}`}</title>
            {counts ? (
              <>
                <rect x={i * each} y="0" width={each} height={height} fill="transparent" />
                <rect x={i * each} y={60 - size(counts.joins)} width={bar} height={size(counts.joins)} class="f-data" />
                <rect x={i * each} y="60" width={bar} height={size(counts.leaves)} class="f-soft s-ink" vector-effect="non-scaling-stroke" />
              </>
            ) : (
              <rect x={i * each} y="0" width={each} height={height} class="nodata" />
            )}
          </g>
        ))}
        <line class="ax" x1="0" x2={width} y1="60" y2="60" vector-effect="non-scaling-stroke" />
      </svg>
      <p class="s q ends">
        <span>{first === '' ? '' : day(Date.parse(first))}</span>
        <span>{last === '' ? '' : day(Date.parse(last))}</span>
      </p>
    </div>
  )
}
