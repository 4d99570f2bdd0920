import type { Stage } from '../data/api'
import { windowOf } from '../text/format'
import { usePage, useQuantile, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { type Column, Table } from '../ui/Table'

const scale = 5 // s, the whole width
const deadline = 3

function Bar({ values }: { values: (number | null)[] }) {
  const [p50, p95, p99] = values
  const x = (n: number): string => `${Math.min(n / scale, 1) * 100}%`
  return (
    <svg class="chart bar" height="18" width="100%" aria-hidden="true">
      <line class="ax" x1="0" x2="0" y1="0" y2="18" />
      {p95 !== null && p95 !== undefined && <rect x="0" y="4" width={x(p95)} height="10" class={p95 > deadline ? 'f-bad' : p95 > 1 ? 'f-warn' : 'f-data'} />}
      {p95 !== null && p95 !== undefined && p99 !== null && p99 !== undefined && (
        <>
          <line x1={x(p95)} x2={x(p99)} y1="9" y2="9" class="l-ink" />
          <line x1={x(p99)} x2={x(p99)} y1="5" y2="13" class="l-ink" />
        </>
      )}
      {p50 !== null && p50 !== undefined && <line x1={x(p50)} x2={x(p50)} y1="2" y2="16" class="l-ink" stroke-width="2" />}
      <line class="limit" x1={x(deadline)} x2={x(deadline)} y1="0" y2="18" />
    </svg>
  )
}

const words: Record<Stage['stage'], [label: string, note: string]> = {
  receipt: ['Age on receipt', 'Discord, network'],
  handler: ['Handler starts', 'after the receipt'],
  response: ['First attempt to answer', 'after the receipt'],
  queue: ['Rate limiter', 'wait of callbacks'],
  wire: ['Callback request', 'to Discord and back'],
  ack: ['Acknowledged', 'after the receipt'],
}

const quantilesOf = (s: Stage): (number | null)[] => [s.p50_seconds, s.p95_seconds, s.p99_seconds]
const tone = (n: number | null): string => (n === null ? '' : n > deadline ? 'bad b' : n > 1 ? 'warn b' : '')

export function Waterfall() {
  const page = usePage()
  const titleOf = useTitle()
  const quantile = useQuantile()
  const { latencies } = page.state.data
  return (
    <Panel title="Where the 3 seconds go" note={windowOf(latencies.value)} right={<Age at={latencies.at} />} class="c7" id="waterfall">
      <Having of={latencies}>
        {({ stages }) =>
          stages.every((s) => s.p95_seconds === null) ? (
            <Empty says="No interaction in the last 15 min" how="The parts are here after the first one." />
          ) : (
            <>
              <Table
                label="Parts of an interaction"
                class="waterfall"
                rows={stages}
                keyOf={(s) => s.stage}
                row={(s) => ({ title: titleOf(s.metric), class: s.stage === 'ack' ? 'total' : '' })}
                columns={[
                  {
                    head: 'Part',
                    cell: (s) => (
                      <>
                        {words[s.stage][0]} <span class="s q wide">{words[s.stage][1]}</span>
                      </>
                    ),
                  },
                  ...['p50', 'p95', 'p99'].map(
                    (head, i): Column<Stage> => ({
                      head,
                      n: true,
                      cell: (s) => quantile(s.metric, quantilesOf(s)[i]),
                      tone: (s) => tone(quantilesOf(s)[i] ?? null),
                    }),
                  ),
                  { head: `0 to ${scale} s, deadline at ${deadline} s`, class: 'barc', cell: (s) => <Bar values={quantilesOf(s)} /> },
                ]}
              />
              <p class="s q">Bar to p95, tick p50, whisker p99. Percentiles of the parts do not add up to those of the whole. – means no observation.</p>
            </>
          )
        }
      </Having>
    </Panel>
  )
}
