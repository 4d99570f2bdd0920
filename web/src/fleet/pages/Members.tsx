import { useState } from 'preact/hooks'
import { failureOf } from '../../data/api'
import { count, moment, signed, span } from '../../text/format'
import { useStale, useTick } from '../../ui/context'
import { Age, Empty, Having, Panel, sentence } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { Member, Members as Document } from '../data/api'
import { fleetAddress } from '../data/client'
import { keyOf } from '../data/place'
import { Banners } from '../panels/Banners'
import { MemberState } from '../ui/Badge'
import { ClusterLink } from '../ui/ClusterLink'
import { Filter } from '../ui/Filter'
import { NotAllowed } from '../ui/NotAllowed'

const states: readonly Member['state'][] = ['reporting', 'late', 'lost', 'goodbye', 'replaced']
const most = 200 // rows until more are asked for
const offBy = 0.5 // s, as the alert DiscordClockSkewed

function MemberTable({ of, operate }: { of: Document; operate: boolean }) {
  const page = useFleet()
  useTick(of.members.length > most ? 5_000 : 1_000)
  const [problem, setProblem] = useState('')
  const { place } = page.state
  const now = page.now()
  const words = place.find.toLowerCase().split(/\s+/).filter(Boolean)
  const rows = of.members.filter((m) => {
    const text = [m.cluster, m.region, m.bot, m.job, m.version, m.instance].filter(Boolean).join(' ').toLowerCase()
    return (place.state === '' || m.state === place.state) && words.every((word) => text.includes(word))
  })
  const present = new Set(of.members.map((m) => m.state))
  // A place is forgotten as a whole, so none of its instances may report.
  const reporting = new Set(of.members.filter((m) => m.state === 'reporting' || m.state === 'late').map(keyOf))
  const age = (m: Member): number => Math.max(now - Date.parse(m.last_seen), 0) / 1000
  async function forget({ job, bot, region, cluster }: Member): Promise<void> {
    setProblem('')
    try {
      await page.client.send('POST', fleetAddress('forget'), { job, bot, region, cluster })
      page.refresh('members')
      page.refresh('overview')
    } catch (err) {
      setProblem(sentence(failureOf(err)))
    }
  }
  return (
    <>
      <Filter of="members" found={`${count(rows.length)} of ${count(of.members.length)}`} options={{ name: 'State', all: 'all states', chosen: place.state, choose: (state) => page.go({ state }), values: states.filter((s) => present.has(s) || s === place.state).map((s) => [s, s]) }} />
      <p class="bad s" role="alert">
        {problem}
      </p>
      {rows.length === 0 ? (
        <Empty says={of.members.length === 0 ? 'Nothing has reported yet' : 'No member is like that'} how={of.members.length === 0 ? 'Set OTEL_EXPORTER_OTLP_ENDPOINT of each process to the address of this fleet.' : 'The filter is above.'} />
      ) : (
        <Table
          label="Members"
          class="pin"
          rows={rows}
          keyOf={(m) => `${keyOf(m)} ${m.instance} ${m.first_seen}`}
          row={(m) => ({ class: m.state === 'reporting' || m.state === 'late' ? '' : 'absent' })}
          few={{ n: most, what: 'members' }}
          sorted={place.sort || undefined}
          onSort={(head) => page.go({ sort: String(head) })}
          columns={[
            { head: 'Cluster', cell: (m) => <ClusterLink of={m} /> },
            { head: 'Region', cell: (m) => m.region ?? '–' },
            { head: 'Bot', cell: (m) => m.bot ?? m.job },
            { head: 'State', cell: (m) => <MemberState of={m.state} /> },
            { head: 'Age', n: true, title: 'Of the last report', by: age, cell: (m) => span(age(m)), tone: (m) => (m.state === 'lost' ? 'bad b' : '') },
            { head: 'Every', n: true, cell: (m) => span(m.interval_seconds) },
            { head: 'First seen', cell: (m) => moment(Date.parse(m.first_seen), now) },
            { head: 'Version', cell: (m) => m.version ?? '?' },
            { head: 'Instance', class: 'mono', cell: (m) => <span title={m.instance ?? ''}>{m.instance?.slice(0, 8) ?? '?'}</span> },
            { head: 'Series', n: true, by: (m) => m.series, cell: (m) => count(m.series) },
            { head: 'Pushes', n: true, by: (m) => m.pushes, cell: (m) => (m.pushes === null ? '–' : count(m.pushes)) },
            { head: 'Refused', n: true, title: 'Data points that were refused', by: (m) => m.refused_points, tone: (m) => ((m.refused_points ?? 0) > 0 ? 'warn b' : ''), cell: (m) => <span title={m.last_refusal ?? ''}>{count(m.refused_points)}</span> },
            { head: 'Clock', n: true, by: (m) => (m.clock_offset_seconds === null ? null : Math.abs(m.clock_offset_seconds)), tone: (m) => (Math.abs(m.clock_offset_seconds ?? 0) > offBy ? 'warn b' : ''), cell: (m) => signed(m.clock_offset_seconds) },
            {
              head: <span class="vh">Actions</span>,
              cell: (m) =>
                operate && !reporting.has(keyOf(m)) ? (
                  <button type="button" class="btn" aria-label={`Forget ${m.cluster}`} onClick={() => void forget(m)}>
                    Forget
                  </button>
                ) : null,
            },
          ]}
        />
      )}
      {rows.some((m) => m.last_refusal !== null) && (
        <ul class="s m below">
          {rows
            .filter((m) => m.last_refusal !== null)
            .slice(0, 8)
            .map((m) => (
              <li key={`${keyOf(m)} ${m.instance}`}>
                {m.cluster}: {m.last_refusal}
              </li>
            ))}
        </ul>
      )}
    </>
  )
}

export function Members() {
  const page = useFleet()
  const stale = useStale(page)
  const { docs, settings } = page.state
  const operate = settings?.operate === true
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <h1 class="vh">Members</h1>
      <Banners />
      <div class="board">
        <Panel title="Members" note="each instance that reports, or has reported" right={<Age at={docs.members.at} />}>
          <Having of={docs.members}>{(d) => <MemberTable of={d} operate={operate} />}</Having>
          <NotAllowed to="forget a place" />
        </Panel>
      </div>
    </main>
  )
}
