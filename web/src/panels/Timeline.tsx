import { useState } from 'preact/hooks'
import type { Event } from '../data/api'
import { count, moment } from '../text/format'
import { usePage } from '../ui/context'
import { Mark } from '../ui/Icon'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { More } from '../ui/Table'

const few = 10

const kinds: Record<Event['kind'], string> = {
  start: 'Start',
  shard_count: 'Shard count',
  close: 'Disconnect',
  resume: 'Resume',
  new_session: 'New session',
  rate_limited: 'Rate limit',
  finding_began: 'Finding began',
  finding_ended: 'Finding ended',
}

export function Timeline() {
  const page = usePage()
  const [all, setAll] = useState(false)
  const { timeline } = page.state.data
  return (
    <Panel title="Timeline" note="6 h, newest first, UTC" class="c5" right={<Age at={timeline.at} />}>
      <Having of={timeline}>
        {(doc) => {
          const events = [...doc.events].reverse()
          if (events.length === 0) return <Empty says="Nothing has happened in the last 6 h" how="Starts, disconnects, resumes, rate limits and findings come here." />
          return (
            <>
              <ol class="rows">
                {(all ? events.slice(0, 500) : events.slice(0, few)).map((e, i) => (
                  <li key={`${e.at} ${i}`}>
                    <time class="q" dateTime={e.at} title={e.within_seconds > 0 ? `up to ${e.within_seconds} s before` : e.at}>
                      {moment(Date.parse(e.at), page.now())}
                    </time>
                    <span class="mark" title={kinds[e.kind]}>
                      <Mark kind={e.kind} />
                      <span class="vh">{kinds[e.kind]}</span>
                    </span>
                    <span class="says">{e.says}</span>
                  </li>
                ))}
              </ol>
              {events.length > few && <More shown={all} count={events.length - few} what="events" toggle={() => setAll(!all)} />}
              {doc.left_out > 0 && <p class="s q">{count(doc.left_out)} more are not kept.</p>}
            </>
          )
        }}
      </Having>
    </Panel>
  )
}
