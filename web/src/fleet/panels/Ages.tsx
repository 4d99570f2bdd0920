import { count, span } from '../../text/format'
import { useTick } from '../../ui/context'
import { Empty, Panel } from '../../ui/Panel'
import { useFleet } from '../context'
import type { Overview } from '../data/api'
import { ageOf } from '../data/clusters'
import { link } from '../data/place'

const bins = 48
const [least, greatest] = [1, 3600] // s; what is older is in the last bin

// binOf is the place of an age on a scale of logarithms.
const binOf = (age: number): number => Math.min(Math.floor((Math.log(Math.max(age, least)) / Math.log(greatest)) * bins), bins - 1)

// Ages shows how old the last reports are.
export function Ages({ of }: { of: Overview }) {
  const page = useFleet()
  useTick(1_000)
  const now = page.now()
  const ages = of.clusters.flatMap((c) => {
    const age = c.state === 'left' ? null : ageOf(c, now)
    return age === null ? [] : [age]
  })
  const old = ages.filter((age) => age > of.gone_after_seconds)
  const n = new Array<number>(bins).fill(0)
  for (const age of ages) n[binOf(age)] = (n[binOf(age)] ?? 0) + 1
  const most = Math.max(1, ...n)
  const x = (age: number): string => `${(binOf(age) / bins) * 100}%`
  const says = `${count(ages.length - old.length)} reported in the last ${span(of.gone_after_seconds)}${old.length > 0 ? `, ${count(old.length)} did not: the last ${span(Math.min(...old))} ago` : ''}`
  return (
    <Panel title="Age of the last report" note={`${count(ages.length)} clusters`} right={<a href={link({ page: 'members' })}>Members</a>}>
      {ages.length === 0 ? (
        <Empty says="Nothing has reported yet" />
      ) : (
        <>
          <svg class="chart" width="100%" height="76" role="img" aria-label={`${says}.`}>
            <line class="ax" x1="0" x2="100%" y1="60.5" y2="60.5" />
            {n.map((k, i) => k > 0 && <rect key={i} x={`${(i / bins) * 100 + 0.2}%`} width={`${100 / bins - 0.4}%`} y={60 - Math.max((k / most) * 52, 3)} height={Math.max((k / most) * 52, 3)} class={i > binOf(of.gone_after_seconds) ? 'f-bad' : 'f-data'} />)}
            <line class="limit" x1={x(of.gone_after_seconds)} x2={x(of.gone_after_seconds)} y1="0" y2="60" />
            {[1, 5, 15, 60, 300, 1800].map((age) => (
              <text key={age} x={x(age)} y="74" class="tick">
                {span(age)}
              </text>
            ))}
          </svg>
          <p class="s m">{says}.</p>
        </>
      )}
    </Panel>
  )
}
