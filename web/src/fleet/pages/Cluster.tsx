import { useMemo } from 'preact/hooks'
import { count, rate, ratio, seconds } from '../../text/format'
import { useStale } from '../../ui/context'
import { Broken, Empty, Panel, Skeleton } from '../../ui/Panel'
import type { Line } from '../../ui/Chart'
import { useFleet } from '../context'
import type { ClusterDetail } from '../data/api'
import { linesOf } from '../data/lines'
import { link } from '../data/place'
import { Banners } from '../panels/Banners'
import { Incarnations } from '../panels/Incarnations'
import { PeersPanel } from '../panels/PeersPanel'
import { ClusterShards } from '../panels/ClusterShards'
import { SlowTraces } from '../panels/SlowTraces'
import { Verdict } from '../panels/Verdict'
import { ClusterState } from '../ui/Badge'
import { greatest, Marks, TimeChart } from '../ui/TimeChart'

const failing: readonly Line[] = [
  { key: 'peers', label: 'peers', color: 'data', dash: [2, 3] },
  { key: 'own', label: 'not in time', color: 'bad' },
]
const acks: readonly Line[] = [
  { key: 'peers', label: 'peers', color: 'data', dash: [2, 3] },
  { key: 'own', label: 'p95', color: 'accent' },
]
const up: readonly Line[] = [{ key: 'own', label: 'up', color: 'accent' }]

function Charts({ of }: { of: ClusterDetail }) {
  const { zoom } = useFleet().state.place
  const { series, cluster } = of
  const [late, p95, shards] = useMemo(
    () => [
      linesOf(series, { own: series.failure_ratio, peers: series.peers_failure_ratio }, zoom),
      linesOf(series, { own: series.answer_p95_seconds, peers: series.peers_answer_p95_seconds }, zoom),
      linesOf(series, { own: series.shards_up }, zoom),
    ],
    [series, zoom],
  )
  const none = <Empty says="No data in this range" how="The history begins with the first report of the cluster." />
  return (
    <div class="board">
      <Panel title="Not answered in time" note={<b class={(cluster.failure_ratio ?? 0) > 0.05 ? 'bad' : ''}>{ratio(cluster.failure_ratio)}</b>} class="c4">
        {greatest(late, 'own') === null ? none : <TimeChart title="Not answered in time" lines={late} shown={failing} height={130} axis least={0.02} value={ratio} marks={series.marks} says={`At most ${ratio(greatest(late, 'own'))}; its peers at most ${ratio(greatest(late, 'peers'))}.`} />}
      </Panel>
      <Panel title="Receipt to acknowledgement, p95" note={seconds(cluster.answer_p95_seconds)} class="c4">
        {greatest(p95, 'own') === null ? none : <TimeChart title="Receipt to acknowledgement, p95" lines={p95} shown={acks} height={130} axis least={3.4} limit={{ at: 3, label: 'deadline 3 s' }} value={seconds} marks={series.marks} says={`At most ${seconds(greatest(p95, 'own'))}; its peers at most ${seconds(greatest(p95, 'peers'))}. The deadline is 3 s.`} />}
      </Panel>
      <Panel title="Shards up" note={`${count(cluster.shards.up)} of ${count(cluster.shards.total)}`} class="c4">
        {greatest(shards, 'own') === null ? none : <TimeChart title="Shards up" lines={shards} shown={up} height={130} axis least={cluster.shards.total ?? 1} value={count} marks={series.marks} says={`At most ${count(greatest(shards, 'own'))}.`} />}
      </Panel>
      {series.marks.length > 0 && (
        <Panel title="Marks in the charts">
          <Marks marks={series.marks} />
        </Panel>
      )}
    </div>
  )
}

function Detail({ of }: { of: ClusterDetail }) {
  const page = useFleet()
  const stale = useStale(page)
  const { settings } = page.state
  const { cluster: c } = of
  const who = [settings?.name || 'Fleet', c.bot, c.region, c.cluster].filter(Boolean).join(' · ')
  const note = `${of.rank === null ? '' : `cluster ${count(of.rank)} of ${count(of.of)}, worst first · `}${c.failures_per_minute === null ? 'unanswered: ?' : `${c.state === 'gone' ? '≈ ' : ''}${rate(c.failures_per_minute)} unanswered/min`}`
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <section class="board" aria-label="Verdict">
        <Verdict of={of} who={who} note={note} />
      </section>
      <Banners />
      <div class="board">
        <p class="panel s m aboutit">
          <ClusterState of={c.state} /> · {c.job}
          {c.shards.ids !== '' && ` · shards ${c.shards.ids.replaceAll('-', '–')}`} · version {c.version ?? '?'} · instance <code>{c.instance ?? '?'}</code> · <a href={link({ page: 'timeline', job: c.job, bot: c.bot ?? '', find: c.cluster }, page.state.place.range)}>its timeline</a>
        </p>
      </div>
      <Charts of={of} />
      <div class="board">
        <ClusterShards of={of} />
      </div>
      <div class="board">
        <SlowTraces of={of} />
      </div>
      <div class="board">
        <Incarnations of={of} />
        <PeersPanel of={of} />
      </div>
    </main>
  )
}

export function Cluster() {
  const { docs, place } = useFleet().state
  const { value, failure } = docs.cluster
  if (value) return <Detail of={value} />
  return (
    <main id="main" tabIndex={-1} class="alone">
      <section class="panel">
        <h1>{place.cluster}</h1>
        {failure ? <Broken failure={failure} /> : <Skeleton />}
        <p class="below">
          <a href={link({}, place.range)}>All clusters</a>
        </p>
      </section>
    </main>
  )
}
