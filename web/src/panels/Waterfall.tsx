import { type Stage, stages } from '../data/questions'
import { seconds } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Broken, Empty, Panel, Skeleton } from '../ui/Panel'

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

export function Waterfall() {
  const page = usePage()
  const titleOf = useTitle()
  const { data } = page.state
  const known = stages.map((stage) => ({ stage, loaded: data.stages[stage.key] }))
  const first = known[0]?.loaded
  const nothing = known.every(({ loaded }) => loaded?.value?.every((n) => n === null))
  const tone = (n: number | null | undefined): string => (n === null || n === undefined ? '' : n > deadline ? 'bad b' : n > 1 ? 'warn b' : '')
  const title = (stage: Stage): string => titleOf(stage.question.name, String(stage.question.parameters.match ?? ''))
  return (
    <Panel title="Where the 3 seconds go" note="last 15 min" right={<Age at={first?.at ?? 0} />} class="c7" id="waterfall">
      {!first?.value && first?.failure ? (
        <Broken failure={first.failure} />
      ) : !known.some(({ loaded }) => loaded?.value) ? (
        <Skeleton />
      ) : nothing ? (
        <Empty says="No interaction in the last 15 min" how="The parts are here after the first one." />
      ) : (
        <>
          <table class="waterfall">
            <thead>
              <tr>
                <th scope="col">Part</th>
                <th scope="col" class="n">
                  p50
                </th>
                <th scope="col" class="n">
                  p95
                </th>
                <th scope="col" class="n">
                  p99
                </th>
                <th scope="col" class="barc">
                  0 to {scale} s, deadline at {deadline} s
                </th>
              </tr>
            </thead>
            <tbody>
              {known.map(({ stage, loaded }) => {
                const values = loaded?.value ?? [null, null, null]
                return (
                  <tr key={stage.key} title={title(stage)} class={stage.key === 'ack' ? 'total' : ''}>
                    <th scope="row">
                      {stage.label} <span class="s q wide">{stage.note}</span>
                    </th>
                    {values.map((n, i) => (
                      <td class={`n ${tone(n)}`} key={i}>
                        {n === null ? '–' : `${page.state.catalog.above(stage.question.name, n) ? '≥' : ''}${seconds(n)}`}
                      </td>
                    ))}
                    <td class="barc">
                      <Bar values={values} />
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
          <p class="s q">Bar to p95, tick p50, whisker p99. Percentiles of the parts do not add up to those of the whole. – means no observation.</p>
        </>
      )}
    </Panel>
  )
}
