import type { ComponentChildren } from 'preact'
import { count, rate, ratio, span } from '../../text/format'
import { Icon, type IconName } from '../../ui/Icon'
import { Panel } from '../../ui/Panel'
import { useFleet } from '../context'
import type { Overview } from '../data/api'
import { ageOf } from '../data/clusters'
import { big } from '../text'

interface TileProps {
  title: string
  value: string
  of: string
  icon: IconName
  children: ComponentChildren
}

function Tile({ title, value, of, icon, children }: TileProps) {
  return (
    <Panel title={title} class="c3 gauge">
      <p class="v">
        <b data-of={title}>{value}</b>
        <span class="m">{of}</span>
      </p>
      <p class="s">
        <Icon name={icon} class={icon === 'unknown' ? 'off' : icon} /> <span class="m">{children}</span>
      </p>
    </Panel>
  )
}

// Totals are of the clusters that report: nothing of what is gone is in them.
export function Totals({ of }: { of: Overview }) {
  const page = useFleet()
  const { clusters, shards, answered, guilds, guilds_left_out: out } = of.totals
  const gone = of.clusters.filter((c) => c.state === 'gone')
  const last = gone.map((c) => ageOf(c, page.now())).filter((age) => age !== null)
  const twice = of.bots.reduce((n, b) => n + b.shards.twice.length, 0)
  const missing = of.bots.reduce((n, b) => n + b.shards.missing.reduce((sum, [from = 0, to = 0]) => sum + to - from + 1, 0), 0)
  const down = of.bots.reduce((n, b) => n + b.shards.down, 0)
  const shardsBad = [missing > 0 && `${count(missing)} that nobody has`, down > 0 && `${count(down)} down`, twice > 0 && `${count(twice)} up twice`].filter(Boolean)
  const failing = answered.failures_per_minute
  return (
    <div class="board">
      <Tile title="Clusters" value={count(clusters.reporting)} of={`of ${count(clusters.expected)}`} icon={clusters.gone > 0 ? 'bad' : clusters.expected === null ? 'unknown' : clusters.reporting < clusters.expected ? 'warn' : 'ok'}>
        {clusters.gone > 0 ? `${count(clusters.gone)} gone${last.length > 0 ? `, the last ${span(Math.min(...last))} ago` : ''}` : clusters.expected === null ? 'how many there should be is not known' : clusters.reporting < clusters.expected ? `${count(clusters.expected - clusters.reporting)} never reported` : 'all report'}
      </Tile>
      <Tile title="Shards up" value={count(shards.expected === null && shards.up === 0 ? null : shards.up)} of={`of ${count(shards.expected)}, each once`} icon={shardsBad.length > 0 ? 'bad' : shards.expected === null ? 'unknown' : shards.up < shards.expected ? 'warn' : 'ok'}>
        {shardsBad.length > 0 ? shardsBad.join(', ') : shards.expected === null ? 'the number of shards is not known' : shards.up < shards.expected ? `${count(shards.expected - shards.up)} are not` : 'none missing, none twice'}
      </Tile>
      <Tile title="Answered in time" value={answered.in_time_ratio === null && answered.per_second === 0 ? '–' : ratio(answered.in_time_ratio)} of={`of ${rate(answered.per_second)}/s, 5 min`} icon={answered.in_time_ratio === null ? 'unknown' : answered.in_time_ratio < 0.95 ? 'bad' : answered.in_time_ratio < 0.99 ? 'warn' : 'ok'}>
        {failing === null ? 'not known' : `${rate(failing)} a minute are not`}
      </Tile>
      <Tile title="Guilds" value={big(guilds)} of={`of ${count(clusters.reporting)} ${clusters.reporting === 1 ? 'cluster' : 'clusters'}`} icon={guilds === null ? 'unknown' : clusters.gone > 0 ? 'warn' : 'ok'}>
        {clusters.gone > 0 ? `about ${big(out)} left out: their clusters are gone` : guilds === null ? 'not known' : 'none left out'}
      </Tile>
    </div>
  )
}
