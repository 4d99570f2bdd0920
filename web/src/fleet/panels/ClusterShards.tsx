import { looks, type State, stateOf, states } from '../../data/shards'
import { closed } from '../../text/closes'
import { count, moment, seconds, span } from '../../text/format'
import { useTick, useTitle } from '../../ui/context'
import { Empty, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { ClusterDetail, Shard } from '../data/api'
import { absent } from '../data/clusters'
import { Spark } from '../ui/Spark'

const few = 64
const tones: Record<string, string> = { tr: 'warn', si: 'warn', un: 'off', zo: 'bad', dn: 'bad', up: 'ok' }

interface Row {
  shard: Shard
  state: State
}

// Minutes shows in which of the last 10 min a shard had events.
function Minutes({ of }: { of: Shard['busy_minutes'] }) {
  if (of.length === 0) return <span class="q">?</span>
  const busy = of.filter(Boolean).length
  return (
    <svg width={of.length * 7} height="10" role="img" aria-label={`Events in ${busy} of the last ${of.length} min`}>
      {of.map((had, i) => (
        <rect key={i} x={i * 7 + 0.5} y=".5" width="5" height="9" class={had === null ? 'f-line' : had ? 'f-data' : 'nofill s-off'} />
      ))}
    </svg>
  )
}

export function ClusterShards({ of }: { of: ClusterDetail }) {
  const page = useFleet()
  useTick(1_000)
  const titleOf = useTitle()
  const now = page.now()
  const at = Date.parse(of.shards_at)
  const gone = absent(of.cluster)
  // While the page is stale or the cluster gone, states stay as they were: only ages count on.
  const judged = page.stale() || gone ? at : now
  const rows = of.shards.map((shard): Row => ({ shard, state: stateOf({ ...shard, at }, judged) }))
  rows.sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state) || Number(a.shard.shard) - Number(b.shard.shard))
  const counts = states.map((state) => [state, rows.filter((r) => r.state === state).length] as const).filter(([, n]) => n > 0)
  const age = (n: number | null): string => (n === null ? '?' : span(n + Math.max(now - at, 0) / 1000))
  return (
    <Panel title="Shards" note={counts.map(([state, n]) => `${count(n)} ${looks[state].word}`).join(' · ')} right={rows.length === 0 ? '' : gone ? `as of the last report, ${span((now - at) / 1000)} ago` : 'those that are not well first'}>
      {rows.length === 0 ? (
        <Empty says={gone ? 'Nothing is known of its shards any more' : 'No shard has been reported'} how={gone ? 'They come back with its next report.' : 'A shard is here as soon as its session was opened.'} />
      ) : (
        <Table
          label="Shards, those that are not well first"
          class="pin"
          rows={rows}
          keyOf={(r) => r.shard.shard}
          row={() => ({ class: gone ? 'absent' : '' })}
          few={{ n: few, what: 'shards' }}
          columns={[
            { head: 'Shard', cell: (r) => <b>{r.shard.shard}</b> },
            {
              head: 'State',
              title: titleOf('discord_shard_state'),
              tone: (r) => tones[looks[r.state].form] ?? '',
              cell: (r) => (
                <>
                  <b>{looks[r.state].letter}</b> {looks[r.state].word}
                </>
              ),
            },
            { head: 'Since', title: titleOf('discord_shard_state_change_timestamp_seconds'), cell: (r) => (r.shard.since === null ? '?' : moment(Date.parse(r.shard.since), now)) },
            { head: 'Heartbeat', n: true, title: titleOf('discord_shard_latency_seconds'), cell: (r) => seconds(r.shard.latency_seconds) },
            { head: '1 h', cell: (r) => <Spark values={r.shard.latency_spark} least={0.2} name={`Heartbeat latency of shard ${r.shard.shard} in the last hour`} /> },
            { head: 'Ack age', n: true, title: titleOf('discord_shard_heartbeat_ack_timestamp_seconds'), tone: (r) => (r.state === 'zombie' ? 'bad b' : ''), cell: (r) => age(r.shard.heartbeat_ack_age_seconds) },
            { head: 'Last event', n: true, title: titleOf('discord_shard_event_timestamp_seconds'), tone: (r) => (r.state === 'silent' ? 'warn b' : ''), cell: (r) => age(r.shard.last_event_age_seconds) },
            { head: 'Busy minutes of 10', cell: (r) => <Minutes of={r.shard.busy_minutes} /> },
            { head: 'Closes, 1 h', n: true, title: titleOf('discord_shard_disconnects_total'), cell: (r) => count(r.shard.closes_1h) },
            { head: 'Resumed', n: true, title: titleOf('discord_shard_handshakes_total'), cell: (r) => count(r.shard.resumes_1h) },
            { head: 'Identified', n: true, title: titleOf('discord_shard_handshakes_total'), cell: (r) => count(r.shard.new_sessions_1h) },
            { head: 'Last close', cell: (r) => (r.shard.last_close === null ? <span class="q">none known</span> : `${closed(r.shard.last_close)}${r.shard.last_close.at === null ? '' : `, ${moment(Date.parse(r.shard.last_close.at), now)}`}`) },
            { head: 'Sends/min', n: true, title: titleOf('discord_shard_sent_total'), tone: (r) => ((r.shard.sends_per_minute ?? 0) > 96 ? 'warn b' : ''), cell: (r) => count(r.shard.sends_per_minute) },
          ]}
        />
      )}
    </Panel>
  )
}
