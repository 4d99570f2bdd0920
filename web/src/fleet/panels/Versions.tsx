import { useMemo } from 'preact/hooks'
import { count, ratio } from '../../text/format'
import type { Line } from '../../ui/Chart'
import { Age, Empty, Having, Panel } from '../../ui/Panel'
import { useFleet } from '../context'
import { linesOf } from '../data/lines'
import { greatest, Marks, TimeChart } from '../ui/TimeChart'

// The newest versions have the accent; those that most clusters have are grey.
const looks: Pick<Line, 'color' | 'dash'>[] = [{ color: 'data' }, { color: 'accent' }, { color: 'ink-2', dash: [6, 3] }, { color: 'warn', dash: [2, 3] }]

export function Versions({ wide }: { wide: boolean }) {
  const { docs, place } = useFleet().state
  const { history } = docs
  const doc = history.value
  const versions = doc?.versions.slice(0, looks.length) ?? []
  const keyOf = (version: string | null): string => version ?? '?'
  const lines = useMemo(() => (doc ? linesOf(doc, Object.fromEntries(versions.map((v) => [keyOf(v.version), v.failure_ratio])), place.zoom) : null), [doc, place.zoom])
  const shown = useMemo(() => versions.map((v, i): Line => ({ key: keyOf(v.version), label: `${v.version ?? 'no version'}, ${count(v.clusters)} ${v.clusters === 1 ? 'cluster' : 'clusters'}`, ...(looks[i] ?? { color: 'data' }) })), [doc])
  return (
    <Panel title="Not answered in time, by version" class={wide ? 'c12' : 'c4'} right={<Age at={history.at} />}>
      <Having of={history}>
        {(d) =>
          !lines || versions.length === 0 || shown.every((l) => greatest(lines, l.key) === null) ? (
            <Empty says="No interactions in this range" how="The history grows with every report." />
          ) : (
            <>
              <TimeChart title="Share not answered in time by version" lines={lines} shown={shown} height={200} axis least={0.02} value={ratio} marks={d.marks} says={shown.map((l) => `${l.label}: at most ${ratio(greatest(lines, l.key))}`).join('. ')} />
              <Marks marks={d.marks} />
            </>
          )
        }
      </Having>
    </Panel>
  )
}
