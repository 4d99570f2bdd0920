import { count, ratio, span } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { Swatch } from './Charts'
import type { Line } from '../ui/Chart'

const rows: Line[] = [
  { key: 'in_time', label: 'In time', color: 'data', fill: 'area' },
  { key: 'late', label: 'Late', color: 'warn', fill: 'hatch' },
  { key: 'missed', label: 'Missed', color: 'bad', fill: 'solid' },
  { key: 'rejected', label: 'Rejected', color: 'bad', fill: 'cross' },
]
const others: { key: string; label: string }[] = [
  { key: 'answered_elsewhere', label: 'Answered elsewhere' },
  { key: 'superseded', label: 'Superseded' },
]

export function Outcomes() {
  const page = usePage()
  const titleOf = useTitle()
  const { totals } = page.state.data
  const get = (i: number, key: string): number | null => totals[i]?.value?.outcomes.get(key) ?? null
  const judged = (i: number): number => rows.reduce((n, { key }) => n + (get(i, key) ?? 0), 0)
  const share = (i: number): number | null => (judged(i) > 0 ? (get(i, 'in_time') ?? 0) / judged(i) : null)
  const tone = (n: number | null): string => (n === null ? '' : n < 1 - 0.144 ? 'bad' : n < 0.98 ? 'warn' : '')
  const name = 'discord_interaction_acks_total'
  return (
    <Panel title="Interactions by outcome" right={<Age at={totals[0]?.at ?? 0} />}>
      <Having of={totals[0]}>
        {(first) =>
          [...first.outcomes.values()].every((n) => n === null) ? (
            <Empty says="No interaction has come since the start" how="The first is here a few seconds after it was answered." />
          ) : (
            <table>
              <thead>
                <tr>
                  <th scope="col">Outcome</th>
                  {totals.map((t, i) => (
                    <th scope="col" class="n" key={i}>
                      {span(t.value?.window ?? [900, 3600, 21600][i])}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((line) => (
                  <tr key={line.key} title={titleOf(name, `outcome="${line.key}"`)}>
                    <th scope="row">
                      <span class="key">
                        <Swatch line={line} bar />
                        {line.label}
                      </span>
                    </th>
                    {totals.map((_, i) => (
                      <td class="n" key={i} data-outcome={line.key} data-value={get(i, line.key)}>
                        {count(get(i, line.key))}
                      </td>
                    ))}
                  </tr>
                ))}
                {others
                  .filter(({ key }) => totals.some((_, i) => (get(i, key) ?? 0) > 0))
                  .map(({ key, label }) => (
                    <tr key={key} title={titleOf(name, `outcome="${key}"`)}>
                      <th scope="row" class="q">
                        {label}
                      </th>
                      {totals.map((_, i) => (
                        <td class="n q" key={i}>
                          {count(get(i, key))}
                        </td>
                      ))}
                    </tr>
                  ))}
                <tr class="total">
                  <th scope="row" class="b">
                    In time, share
                  </th>
                  {totals.map((_, i) => (
                    <td class={`n ${tone(share(i))}`} key={i}>
                      {judged(i) > 0 ? ratio(share(i)) : '–'}
                    </td>
                  ))}
                </tr>
              </tbody>
            </table>
          )
        }
      </Having>
    </Panel>
  )
}
