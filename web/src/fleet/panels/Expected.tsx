import { count, signed } from '../../text/format'
import { Icon } from '../../ui/Icon'
import { Empty, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import type { Bot, Overview } from '../data/api'
import { listed, rangesOf } from '../text'

// Strip is the shards of a bot as a bar, with those that nobody has, and that several have.
function Strip({ of }: { of: Bot }) {
  const { total, missing, twice } = of.shards
  if (total === null || total < 1) return null
  const x = (n: number): string => `${(n / total) * 100}%`
  const wide = (n: number): string => `${Math.max((n / total) * 100, 0.6)}%`
  return (
    <>
      <svg class="chart strip" width="100%" height="18" role="img" aria-label={`Shards 0 to ${total - 1}. Nobody has: ${rangesOf(missing as number[][]) || 'none'}. Several have: ${twice.map((t) => t.shard).join(', ') || 'none'}.`}>
        <rect y="5" width="100%" height="8" class="f-soft" />
        {missing.map(([from = 0, to = 0]) => (
          <rect key={from} x={x(from)} y="2" width={wide(to - from + 1)} height="14" class="f-surf s-bad" stroke-dasharray="3 2" />
        ))}
        {twice.map((t) => (
          <rect key={t.shard} x={x(Number(t.shard))} y="1" width={wide(1)} height="16" class="f-bad" />
        ))}
      </svg>
      <p class="s q ends">
        <span>0</span>
        <span>{total - 1}</span>
      </p>
    </>
  )
}

interface Row {
  what: string
  expected: string
  found: string
  which: string
  tone: '' | 'bad' | 'warn' | 'ok'
}

function rowsOf({ expected, clusters, shards, shard_counts: counts, versions, library_versions: libraries, clock_offset_seconds: clock }: Bot): Row[] {
  const nobody = shards.missing.reduce((n, [from = 0, to = 0]) => n + to - from + 1, 0)
  const worst = clock ? Math.max(Math.abs(clock.min), Math.abs(clock.max)) : null
  return [
    { what: 'Clusters', expected: count(expected.clusters), found: count(clusters.reporting), which: [clusters.gone > 0 && `${count(clusters.gone)} gone`, clusters.left > 0 && `${count(clusters.left)} left`].filter(Boolean).join(', ') || (expected.by === 'seen' ? 'as many as were seen at a time' : 'as it was set'), tone: expected.clusters === null ? '' : clusters.reporting < expected.clusters ? 'bad' : 'ok' },
    { what: 'Shards nobody has', expected: '0', found: shards.total === null ? '?' : count(nobody), which: rangesOf(shards.missing as number[][]), tone: shards.total === null ? '' : nobody > 0 ? 'bad' : 'ok' },
    { what: 'Shards several have', expected: '0', found: count(shards.twice.length), which: listed(shards.twice.map((t) => `${t.shard}: ${t.clusters.join(', ')}`), shards.twice.length, 3), tone: shards.twice.length > 0 ? 'bad' : 'ok' },
    { what: 'Shard count', expected: count(expected.shards ?? shards.total), found: counts.length === 1 ? count(counts[0]?.shards) : counts.length === 0 ? '?' : `${counts.length} counts`, which: counts.length < 2 ? '' : counts.map((c) => `${count(c.shards)} × ${count(c.n)}${c.n <= 5 ? ` (${c.clusters.join(', ')})` : ''}`).join(' · '), tone: counts.length > 1 ? 'warn' : counts.length === 1 ? 'ok' : '' },
    { what: 'Version', expected: '1', found: count(versions.length), which: versions.map((v) => `${v.version ?? '?'} × ${count(v.clusters)}`).join(' · '), tone: versions.length > 1 ? 'warn' : versions.length === 1 ? 'ok' : '' },
    { what: 'discordgo', expected: '1', found: count(libraries.length), which: libraries.map((v) => `${v.version ?? '?'} × ${count(v.clusters)}`).join(' · '), tone: libraries.length > 1 ? 'warn' : libraries.length === 1 ? 'ok' : '' },
    { what: 'Clock', expected: '± 500 ms', found: clock ? `${signed(clock.min)} to ${signed(clock.max)}` : '?', which: 'against Discord', tone: worst === null ? '' : worst > 0.5 ? 'warn' : 'ok' },
  ]
}

function OneBot({ of, named }: { of: Bot; named: boolean }) {
  const name = of.bot ?? of.job
  return (
    <>
      {named && <h3>{name}</h3>}
      <Strip of={of} />
      <Table
        label={named ? `Expected and found of ${name}` : 'Expected and found'}
        class="ex"
        cards
        rows={rowsOf(of)}
        keyOf={(r) => r.what}
        columns={[
          { head: 'What', cell: (r) => r.what },
          { head: 'Expected', n: true, cell: (r) => r.expected },
          {
            head: 'Found',
            n: true,
            tone: (r) => (r.tone === 'ok' ? '' : `${r.tone} b`),
            cell: (r) => (
              <>
                {r.tone === 'ok' && <Icon name="ok" class="ok" />} {r.found}
              </>
            ),
          },
          { head: 'Which', class: 'w', cell: (r) => r.which },
        ]}
      />
    </>
  )
}

// Expected compares what the bots should be with what they are.
export function Expected({ of }: { of: Overview }) {
  return (
    <Panel title="Expected and found" class="c6">
      {of.bots.length === 0 && <Empty says="No bot has reported yet" />}
      {of.bots.map((b) => (
        <OneBot key={`${b.job} ${b.bot}`} of={b} named={of.bots.length > 1} />
      ))}
    </Panel>
  )
}
