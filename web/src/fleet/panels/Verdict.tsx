import { moment, span, stamp } from '../../text/format'
import { alike, besides, findingsOf, headline, text } from '../../text/explain'
import { useTick } from '../../ui/context'
import { Cannot, Copyable, Evidence, moodOf, SeverityBadge, Since, VerdictBadge, Worst } from '../../ui/Finding'
import { useFleet } from '../context'
import type { Finding, Overview, Report } from '../data/api'
import { labelled } from '../data/clusters'
import { keyOf } from '../data/place'
import { perMinute } from '../text'
import { ClusterLink } from '../ui/ClusterLink'

const most = 8 // links to clusters

// costOf adds up what is known of what the findings cost.
function costOf(group: readonly Finding[]): number | null {
  const known = group.flatMap((f) => (f.cost_per_minute === undefined || f.cost_per_minute === null ? [] : [f.cost_per_minute]))
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null
}

function Links({ group }: { group: readonly Finding[] }) {
  const { docs, place } = useFleet().state
  const clusters = docs.overview.value?.clusters ?? []
  const places = [...new Set(group.flatMap((f) => labelled(f.subject, clusters)))].filter((c) => place.page !== 'cluster' || c.cluster !== place.cluster || (c.region ?? '') !== place.region).slice(0, most)
  if (places.length === 0) return null
  return (
    <span class="links">
      {places.map((c) => (
        <ClusterLink key={keyOf(c)} of={c} />
      ))}
    </span>
  )
}

// Ranked has every finding with what it costs, as they come from the server: worst first.
function Ranked({ report }: { report: Report }) {
  const groups = alike(findingsOf(report))
  if (groups.length === 0) return null
  return (
    <ol class="also ranked" aria-label="All findings, worst first">
      {groups.map((group, i) => {
        const f = group[0]
        if (!f) return null
        const cost = costOf(group)
        return (
          <li key={`${f.id} ${JSON.stringify(f.subject)}`}>
            <span class="q">{i + 1}</span>
            <SeverityBadge of={f.severity} />
            <span>
              <b>{f.sentence}</b>
              <Since f={f} />.{besides(group)} {i > 0 && (f.cause ?? f.detail)} {i > 0 && f.do && <span class="m">Do: {f.do}</span>} <Links group={group} />
              {alike(f.explains ?? []).map((under) => (
                <span class="m" key={`${under[0]?.id} ${JSON.stringify(under[0]?.subject)}`}>
                  {' '}
                  Follows from it: {under[0]?.sentence}.{besides(under)}
                </span>
              ))}
            </span>
            <span class="cost">
              {cost === null ? (
                <span class="q">cost unknown</span>
              ) : (
                <>
                  <b class={f.affects_users && cost > 0 ? 'bad' : ''}>≈ {perMinute(cost)}</b> <span class="q">a minute</span>
                </>
              )}
              <br />
              <a class="ref s" href={f.runbook} rel="noreferrer" target="_blank">
                {f.id}
              </a>
            </span>
          </li>
        )
      })}
    </ol>
  )
}

interface VerdictProps {
  of: Pick<Overview, 'verdict' | 'report'> & { at: string }
  who: string // of the text to copy
  note: string // beside the sentence
}

export function Verdict({ of: { verdict, report, at }, who, note }: VerdictProps) {
  const page = useFleet()
  useTick(1_000)
  const first = alike(findingsOf(report))[0]
  const f = first?.[0]
  const stale = page.stale()
  const shown = stale ? 'unknown' : verdict
  return (
    <div class={`panel verdict ${moodOf(shown, report)}`}>
      <div class="line">
        <VerdictBadge shown={shown} report={report} />
        <div>
          {stale ? (
            <>
              <h1>
                Nothing new for {span(page.age() / 1000)}. What you see below is from {moment(Date.parse(at), page.now())}.
              </h1>
              <p class="why">
                <b>Not known:</b> whether users are answered. <b>The last verdict:</b> {headline(verdict, report)}
              </p>
            </>
          ) : first && f ? (
            <>
              <Worst group={first} />
              <div class="acts">
                <a class="btn main" href={f.runbook} rel="noreferrer" target="_blank">
                  Runbook
                </a>
                <Links group={first} />
              </div>
              <Evidence f={f} />
            </>
          ) : (
            <h1>{verdict === 'calm' && report.checked === report.checks ? <em>{headline(verdict, report)}</em> : headline(verdict, report)}</h1>
          )}
        </div>
        <span class="src wide">{note}</span>
      </div>
      {!stale && <Ranked report={report} />}
      {!stale && <Cannot gaps={report.cannot_tell} />}
      <Copyable all={`${who} · ${stamp(Date.parse(at))}\n${text(verdict, report)}`} />
    </div>
  )
}

// Spoken tells the verdict to screen readers when it changes.
export function Spoken() {
  const page = useFleet()
  useTick(5_000)
  const { value } = page.state.docs.overview
  const f = value ? findingsOf(value.report)[0] : undefined
  return (
    <p class="vh" role="status">
      {!value ? '' : page.stale() ? 'The data is stale.' : `${headline(value.verdict, value.report)} ${f ? `${f.sentence}.` : ''}`}
    </p>
  )
}
