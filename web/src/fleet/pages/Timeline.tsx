import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { count, moment, span } from '../../text/format'
import { useStale } from '../../ui/context'
import { Age, Empty, Having, Panel } from '../../ui/Panel'
import { More } from '../../ui/Table'
import { useFleet } from '../context'
import type { Event } from '../data/api'
import { ranges } from '../data/place'
import { Banners } from '../panels/Banners'
import { ClusterLink } from '../ui/ClusterLink'
import { Filter } from '../ui/Filter'

const few = 100

const kinds: Record<Event['kind'], string> = {
  started: 'Started',
  restarted: 'Restarted',
  gone: 'Gone',
  back: 'Back',
  left: 'Left',
  moved: 'Moved',
  duplicate: 'Duplicate',
  version: 'Version',
  shard_count: 'Shard count',
  finding_began: 'Finding began',
  finding_ended: 'Finding ended',
  alert: 'Alert',
  muted: 'Muted',
  unmuted: 'Unmuted',
  forgotten: 'Forgotten',
  erasure: 'Guild erased',
  login: 'Login',
}

const shapes: Record<'start' | 'gone' | 'finding' | 'ended' | 'person', JSX.Element> = {
  start: <path d="M5 0l5 5-5 5-5-5z" class="f-acc" />,
  gone: <path d="M1.5 1.5l7 7m0-7l-7 7" class="s-bad" stroke-width="2" fill="none" />,
  finding: <path d="M5 0l5 5-5 5-5-5z" class="f-bad" />,
  ended: <path d="M5 1l4 4-4 4-4-4z" class="s-ink nofill" stroke-width="1.4" />,
  person: <rect x="1" y="1" width="8" height="8" class="s-ink nofill" stroke-width="1.4" />,
}

const shapeOf: Record<Event['kind'], keyof typeof shapes> = {
  started: 'start', restarted: 'start', back: 'start', version: 'start', moved: 'start', shard_count: 'start',
  gone: 'gone', left: 'gone', duplicate: 'finding', finding_began: 'finding', alert: 'finding', finding_ended: 'ended',
  muted: 'person', unmuted: 'person', forgotten: 'person', erasure: 'person', login: 'person',
}

const tone = (e: Event): string => (e.severity === 'critical' ? 'bad' : e.severity === 'warning' ? 'warn' : '')

function Line({ of: e }: { of: Event }) {
  const page = useFleet()
  return (
    <li>
      <time class="q" dateTime={e.at}>
        {moment(Date.parse(e.at), page.now())}
      </time>
      <span class="mark">
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          {shapes[shapeOf[e.kind]]}
        </svg>
      </span>
      <span class={`kind s ${tone(e) || 'q'}`}>{kinds[e.kind]}</span>
      <span class="says">
        {e.what} {e.job !== null && e.cluster !== null && <ClusterLink of={{ job: e.job, bot: e.bot, region: e.region, cluster: e.cluster }} />}
      </span>
    </li>
  )
}

function matches(e: Event, words: readonly string[], kind: string): boolean {
  if (kind !== '' && e.kind !== kind) return false
  const text = [e.what, e.job, e.bot, e.region, e.cluster, e.shard].filter(Boolean).join(' ').toLowerCase()
  return words.every((word) => text.includes(word))
}

export function Timeline() {
  const page = useFleet()
  const stale = useStale(page)
  const [all, setAll] = useState(false)
  const { docs, place } = page.state
  const { timeline } = docs
  const words = place.find.toLowerCase().split(/\s+/).filter(Boolean)
  const events = timeline.value?.events ?? []
  const rows = events.filter((e) => matches(e, words, place.kind) && (!place.zoom || (Date.parse(e.at) >= place.zoom.from * 1000 && Date.parse(e.at) <= place.zoom.to * 1000)))
  const present = new Set(events.map((e) => e.kind))
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <h1 class="vh">Timeline</h1>
      <Banners />
      <div class="board">
        <Panel title="Timeline" note={place.zoom ? `${moment(place.zoom.from * 1000, page.now())} to ${moment(place.zoom.to * 1000, page.now())} UTC, newest first` : `${span(ranges[place.range])}, newest first, UTC`} right={<Age at={timeline.at} />}>
          <Filter of="events" found={timeline.value ? `${count(rows.length)} of ${count(events.length)}` : ''} options={{ name: 'Kind', all: 'all kinds', chosen: place.kind, choose: (kind) => page.go({ kind }), values: (Object.keys(kinds) as Event['kind'][]).filter((k) => present.has(k) || k === place.kind).map((k) => [k, kinds[k]]) }} />
          <Having of={timeline}>
            {(d) =>
              rows.length === 0 ? (
                <Empty says={events.length === 0 ? 'Nothing has happened in this range' : 'No event is like that'} how={events.length === 0 ? 'Starts, clusters that go and come back, versions, findings, alerts and what operators do come here.' : 'The filter is above.'} />
              ) : (
                <>
                  <ol class="rows events" aria-label="Events, newest first">
                    {(all ? rows : rows.slice(0, few)).map((e, i) => (
                      <Line key={`${e.at} ${i}`} of={e} />
                    ))}
                  </ol>
                  {rows.length > few && <More shown={all} count={rows.length - few} what="events" toggle={() => setAll(!all)} />}
                  {d.more && <p class="s q">There are older ones in this range, which are left out. Choose a shorter range.</p>}
                </>
              )
            }
          </Having>
        </Panel>
      </div>
    </main>
  )
}
