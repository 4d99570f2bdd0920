import { useMemo } from 'preact/hooks'
import { count, moment, rate, ratio, seconds, span } from '../../text/format'
import { useTick, useTitle } from '../../ui/context'
import { Empty, Panel } from '../../ui/Panel'
import { type Column, slow, Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { Cluster, Overview } from '../data/api'
import { absent, ageOf, bounds, found, looks, states } from '../data/clusters'
import { keyOf } from '../data/place'
import { ClusterState } from '../ui/Badge'
import { ClusterLink } from '../ui/ClusterLink'
import { Filter } from '../ui/Filter'
import { Spark } from '../ui/Spark'

const few = 12
const many = 200 // clusters above which ages are drawn again with the news alone

const was = (c: Cluster, text: string) => (absent(c) ? <span class="q">was {text}</span> : text)
const current = (c: Cluster, text: string) => (absent(c) ? <span class="q">–</span> : text)

export function Clusters({ of }: { of: Overview }) {
  const page = useFleet()
  useTick(of.clusters.length > many ? 5_000 : 1_000)
  const titleOf = useTitle()
  const { place, docs } = page.state
  const now = page.now()
  const sparks = useMemo(() => new Map((docs.sparks.value?.clusters ?? []).map((s) => [keyOf(s), s.failure_ratio])), [docs.sparks.value])
  const rows = useMemo(() => found(of.clusters, place.find, place.state), [of, place.find, place.state])
  const several = of.bots.length > 1
  const present = new Set(of.clusters.map((c) => c.state))
  const columns: Column<Cluster>[] = [
    {
      head: 'Cluster',
      cell: (c) => (
        <>
          <ClusterLink of={c} />
          {several && <span class="q s"> {c.bot ?? c.job}</span>}
        </>
      ),
    },
    { head: 'State', cell: (c) => <ClusterState of={c.state} /> },
    { head: 'Shards up', n: true, title: titleOf('discord_shard_up'), cell: (c) => was(c, absent(c) ? count(c.shards.total) : `${count(c.shards.up)}/${count(c.shards.total)}`), tone: (c) => (!absent(c) && c.shards.up !== null && c.shards.total !== null && c.shards.up < c.shards.total ? 'bad b' : '') },
    {
      head: 'Unanswered/min',
      n: true,
      title: titleOf('discord_interaction_acks_total'),
      by: (c) => c.failures_per_minute,
      data: (c) => ({ 'data-value': c.failures_per_minute }),
      cell: (c) => <b>{c.failures_per_minute === null ? '?' : `${c.state === 'gone' ? '≈ ' : ''}${rate(c.failures_per_minute)}`}</b>,
    },
    { head: '1 h', title: `Not answered in time, one value a minute, up to 5% or more\n${titleOf('discord_interaction_acks_total')}`, cell: (c) => <Spark values={sparks.get(keyOf(c))} least={bounds.late[1]} tone={looks[c.state].tone === 'bad' ? 'bad' : 'data'} name={`Not answered in time by ${c.cluster} in the last hour`} /> },
    { head: 'In time', n: true, by: (c) => (absent(c) ? null : c.failure_ratio), cell: (c) => current(c, ratio(c.failure_ratio === null ? null : 1 - c.failure_ratio)) },
    { head: 'Ack p95', n: true, title: titleOf('discord_interaction_ack_duration_seconds'), by: (c) => (absent(c) ? null : c.answer_p95_seconds), cell: (c) => current(c, seconds(c.answer_p95_seconds)), tone: (c) => (absent(c) ? '' : slow(c.answer_p95_seconds)) },
    { head: '429/min', n: true, title: titleOf('discord_ratelimits_total'), by: (c) => (absent(c) ? null : c.rate_limits_per_minute), cell: (c) => current(c, rate(c.rate_limits_per_minute)) },
    { head: 'Guilds', n: true, title: titleOf('discord_guilds'), by: (c) => c.guilds, cell: (c) => was(c, count(c.guilds)) },
    { head: 'Version', cell: (c) => c.version ?? '?' },
    { head: 'Since', cell: (c) => (c.since === null ? '?' : moment(Date.parse(c.since), now)) },
    { head: 'Age', n: true, title: 'Of the last report', by: (c) => ageOf(c, now), cell: (c) => span(ageOf(c, now)), tone: (c) => ((ageOf(c, now) ?? 0) > of.gone_after_seconds && c.state !== 'left' ? 'bad b' : '') },
  ]
  return (
    <Panel title="Worst first" note={`${count(rows.length)} of ${count(of.clusters.length)} clusters`} id="clusters">
      <Filter of="clusters" hint="name, version, or #shard" found={rows.length < of.clusters.length ? `${count(rows.length)} found` : ''} options={{ name: 'State', all: 'all states', chosen: place.state, choose: (state) => page.go({ state }), values: states.filter((s) => present.has(s) || s === place.state).map((s) => [s, looks[s].word]) }} />
      {rows.length === 0 ? (
        <Empty says={of.clusters.length === 0 ? 'No cluster has reported yet' : 'No cluster is like that'} how={of.clusters.length === 0 ? undefined : 'The filter is above.'} />
      ) : (
        <Table
          label="Clusters, worst first"
          class="pin"
          rows={rows}
          keyOf={keyOf}
          row={(c) => ({ class: absent(c) ? 'absent' : '' })}
          columns={columns}
          few={{ n: few, what: 'clusters' }}
          sorted={place.sort || undefined}
          onSort={(head) => page.go({ sort: String(head) })}
        />
      )}
      {rows.some(absent) && <p class="s q">What a cluster that is gone said last is grey, and in no sum. ≈ is what it had to answer before.</p>}
    </Panel>
  )
}
