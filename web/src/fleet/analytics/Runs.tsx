import type { Lines } from '../../data/windows'
import { count, span } from '../../text/format'
import type { Line } from '../../ui/Chart'
import { greatest, TimeChart } from '../ui/TimeChart'
import { useHere } from './host'

const shown: Line[] = [
  { key: 'runs', label: 'runs', color: 'data' },
  { key: 'failures', label: 'failed', color: 'bad' },
  { key: 'not_in_time', label: 'not in time', color: 'warn', dash: [6, 3] },
]

interface RunsProps {
  title: string
  per: string // of a step, as in "every 1 h"
  lines: Lines
  height: number
  at: string // of the answer
}

// Runs are those of a command, of a guild or of all, and how they went.
export function Runs({ title, per, lines, height, at }: RunsProps) {
  const { zoom } = useHere()
  const most = (key: string): string => count(greatest(lines, key))
  const end = ((lines.times.at(-1) ?? 0) + lines.step) * 1000
  return (
    <>
      <TimeChart title={title} lines={lines} shown={shown} height={height} axis least={5} value={(n) => count(n === null ? null : Math.round(n))} marks={[]} onZoom={zoom} says={`At most ${most('runs')} runs ${per}, ${most('failures')} failed and ${most('not_in_time')} not in time.`} />
      {end > Date.parse(at) && <p class="s q below">{`The last point covers less than ${span(lines.step)} so far.`}</p>}
    </>
  )
}
