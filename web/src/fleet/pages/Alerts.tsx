import { useState } from 'preact/hooks'
import { count, moment, span } from '../../text/format'
import { useStale, useTick } from '../../ui/context'
import { Age, Empty, Having, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { Alert, Alerts as Document } from '../data/api'
import { labelled } from '../data/clusters'
import { Banners } from '../panels/Banners'
import { MuteForm } from '../panels/MuteForm'
import { Mutes } from '../panels/Mutes'
import { Notifications } from '../panels/Notifications'
import { AlertBadge } from '../ui/Badge'
import { ClusterLink } from '../ui/ClusterLink'
import { Filter } from '../ui/Filter'
import { NotAllowed } from '../ui/NotAllowed'

const states: Record<Alert['state'], string> = { firing: 'Firing', pending: 'Pending', muted: 'Muted', inhibited: 'Inhibited' }

// about is what an alert is about, beside what is shown of it anyway.
const about = ({ labels }: Alert, linked = false): string => Object.entries(labels).filter(([name]) => !['alertname', 'severity', 'job'].includes(name) && !(linked && name === 'cluster')).map(([name, value]) => `${name} ${value}`).join(', ')

// cause names the alert that another one follows from.
const cause = (by: Record<string, string>): string => [by.alertname, ...['cluster', 'shard'].flatMap((name) => (by[name] ? [`${name} ${by[name]}`] : []))].join(', ')

const keyOf = (a: Alert): string => JSON.stringify(Object.entries(a.labels).sort())

function Since({ of: a }: { of: Alert }) {
  const page = useFleet()
  useTick(1_000)
  const active = a.active_at === null ? null : (page.now() - Date.parse(a.active_at)) / 1000
  if (a.mute) return <>muted until {moment(Date.parse(a.mute.until), page.now())}</>
  if (active === null) return <>?</>
  if (a.state === 'pending') return <>{`${span(active)} of ${span(a.for_seconds)}`}</>
  return <>{`${moment(Date.parse(a.active_at ?? ''), page.now())}, for ${span(active)}`}</>
}

interface AlertTableProps {
  of: Document
  mute: ((a: Alert) => void) | null
}

function AlertTable({ of, mute }: AlertTableProps) {
  const page = useFleet()
  const { place, docs } = page.state
  const clusters = docs.overview.value?.clusters ?? []
  const words = place.find.toLowerCase().split(/\s+/).filter(Boolean)
  const rows = of.alerts.filter((a) => {
    const text = [a.name, a.summary, ...Object.values(a.labels)].join(' ').toLowerCase()
    return (place.state === '' || a.state === place.state) && words.every((word) => text.includes(word))
  })
  const present = new Set(of.alerts.map((a) => a.state))
  return (
    <>
      <Filter of="alerts" found={`${count(rows.length)} of ${count(of.alerts.length)}`} options={{ name: 'State', all: 'all states', chosen: place.state, choose: (state) => page.go({ state }), values: (Object.keys(states) as Alert['state'][]).filter((s) => present.has(s) || s === place.state).map((s) => [s, states[s]]) }} />
      {rows.length === 0 ? (
        <Empty says={of.alerts.length === 0 ? 'No alert is active' : 'No alert is like that'} how={of.alerts.length === 0 ? 'Alerts that are pending or fire come here.' : 'The filter is above.'} />
      ) : (
        <Table
          label="Alerts"
          class="cards al"
          cards
          rows={rows}
          keyOf={keyOf}
          few={{ n: 50, what: 'alerts' }}
          columns={[
            { head: 'State', cell: (a) => <AlertBadge of={a} /> },
            {
              head: 'Alert',
              class: 'w',
              cell: (a) => (
                <>
                  {a.runbook === '' ? (
                    <b>{a.name}</b>
                  ) : (
                    <a class="ref" href={a.runbook} rel="noreferrer" target="_blank" title="Runbook">
                      {a.name}
                    </a>
                  )}
                  <br />
                  <span class="s m">{a.summary || a.description}</span>
                  {a.inhibited_by && (
                    <>
                      <br />
                      <span class="s q">Follows from {cause(a.inhibited_by)}</span>
                    </>
                  )}
                </>
              ),
            },
            {
              head: 'Where',
              class: 'w',
              cell: (a) => {
                const [place] = labelled(a.labels, clusters)
                return place ? (
                  <>
                    <ClusterLink of={place} /> <span class="s q">{about(a, true)}</span>
                  </>
                ) : (
                  <span class="s">{about(a)}</span>
                )
              },
            },
            { head: 'Since', class: 'w', cell: (a) => <Since of={a} /> },
            {
              head: <span class="vh">Actions</span>,
              cell: (a) =>
                mute && a.state !== 'muted' ? (
                  <button type="button" class="btn" aria-label={`Mute ${a.name}, ${about(a)}`} onClick={() => mute(a)}>
                    Mute…
                  </button>
                ) : null,
            },
          ]}
        />
      )}
      {of.left_out > 0 && <p class="s q">{count(of.left_out)} more are left out.</p>}
    </>
  )
}

export function Alerts() {
  const page = useFleet()
  const stale = useStale(page)
  const [muting, setMuting] = useState<Alert | null>(null)
  const { docs, settings } = page.state
  const operate = settings?.operate === true
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <h1 class="vh">Alerts</h1>
      <Banners />
      <div class="board">
        {muting && <MuteForm key={keyOf(muting)} of={muting} close={() => setMuting(null)} />}
        <Panel title="Alerts" note={docs.overview.value ? `${docs.overview.value.alerts.firing} firing · ${docs.overview.value.alerts.pending} pending · ${docs.overview.value.alerts.inhibited} inhibited · ${docs.overview.value.alerts.muted} muted` : ''} right={<Age at={docs.alerts.at} />}>
          <Having of={docs.alerts}>{(d) => <AlertTable of={d} mute={operate ? setMuting : null} />}</Having>
          <NotAllowed to="mute" />
        </Panel>
      </div>
      <div class="board">
        <Having of={docs.alerts}>
          {(d) => (
            <>
              <Mutes of={d.mutes} operate={operate} />
              <Notifications of={d.notifications} />
            </>
          )}
        </Having>
      </div>
    </main>
  )
}
