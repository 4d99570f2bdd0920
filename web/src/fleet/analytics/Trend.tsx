import { useMemo } from 'preact/hooks'
import { seconds, span } from '../../text/format'
import type { Line } from '../../ui/Chart'
import { Empty } from '../../ui/Panel'
import type { EventStep, EventWindow } from '../data/api'
import { greatest, TimeChart } from '../ui/TimeChart'
import { useHere } from './host'
import { Runs } from './Runs'
import { linesOf } from './trend'

const durations: Line[] = [
  { key: 'p95', label: 'p95', color: 'accent' },
  { key: 'p50', label: 'p50', color: 'data' },
]

interface TrendProps {
  window: EventWindow
  step: number
  at: string // of the answer
  points: readonly EventStep[]
  whole: boolean // all interactions: a step without any is one of which nothing is known
}

export function Trend({ window, step, at, points, whole }: TrendProps) {
  const { zoom } = useHere()
  const lines = useMemo(
    () =>
      linesOf(
        window,
        step,
        points,
        { runs: (p) => p.runs, failures: (p) => p.failures, not_in_time: (p) => p.not_in_time, p50: (p) => p.p50, p95: (p) => p.p95 },
        whole ? {} : { runs: 0, failures: 0, not_in_time: 0 },
      ),
    [points, whole],
  )
  if (points.length === 0) return <Empty says="No runs in this window" how="Choose a longer one above." />
  const per = `every ${span(step)}`
  return (
    <>
      <Runs title={`Runs ${per}`} per={per} lines={lines} height={180} at={at} />
      {greatest(lines, 'p95') === null ? (
        <p class="s q below">Durations are unknown: no handler is wrapped.</p>
      ) : (
        <TimeChart title={`Duration of the handler ${per}`} lines={lines} shown={durations} height={140} axis least={0.2} value={seconds} {...((greatest(lines, 'p95') ?? 0) > 1.5 ? { limit: { at: 3, label: '3 s' } } : {})} marks={[]} onZoom={zoom} says={`The 95th percentile is at most ${seconds(greatest(lines, 'p95'))}.`} />
      )}
    </>
  )
}
