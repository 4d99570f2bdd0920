import type { Overview, Routes } from '../data/api'
import { count, rate, seconds, windowOf } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { estimate, estimated, slow, type Column, Table } from '../ui/Table'

const few = 8

interface Row {
  route: string
  method: string
  perSecond: number | null
  count: number
  p50: number | null
  p95: number | null
  p99: number | null
  wait: number | null
  ok: number
  clientErrors: number
  limited: number
  serverErrors: number
  none: number
}

export function rowsOf(routes: Routes): Row[] {
  const highest = routes.quantile_bounds_seconds.at(-1) ?? 0
  // Without buckets no quantile is known. With them, one that is not known is above the highest bound.
  const of = (value: number | null, { p50_seconds, mean_seconds: mean }: { p50_seconds: number | null; mean_seconds: number | null }): number | null =>
    value ?? (p50_seconds !== null || (mean ?? 0) > highest ? Infinity : null)
  return routes.routes.flatMap((r) =>
    r.methods.map((m) => {
      const having = (test: (status: string) => boolean): number => Object.entries(m.statuses).reduce((n, [status, k]) => n + (test(status) ? k : 0), 0)
      return {
        route: r.route,
        method: m.method,
        perSecond: m.requests_per_second,
        count: m.count,
        p50: of(m.p50_seconds, m),
        p95: of(m.p95_seconds, m),
        p99: of(m.p99_seconds, m),
        wait: r.wait?.count ? of(r.wait.p95_seconds, r.wait) : null,
        ok: having((s) => /^[23]/.test(s)),
        clientErrors: having((s) => /^4/.test(s) && s !== '429'),
        limited: having((s) => s === '429'),
        serverErrors: having((s) => /^5/.test(s)),
        none: having((s) => !/^[2345]/.test(s)),
      }
    }),
  )
}

export function Rest() {
  const page = usePage()
  const titleOf = useTitle()
  const { routes, overview } = page.state.data
  const bounds = routes.value?.quantile_bounds_seconds ?? []
  const duration = titleOf('discord_rest_request_duration_seconds')
  const counted = (head: string, of: (r: Row) => number, tone: string): Column<Row> => ({ head, n: true, by: of, cell: (r) => count(of(r)), tone: (r) => (of(r) > 0 ? tone : 'q') })
  const columns: Column<Row>[] = [
    {
      head: 'Route',
      class: 'route',
      cell: (r) => (
        <>
          <span class="q">{r.method}</span> {r.route}
        </>
      ),
    },
    { head: 'Req/s', n: true, class: 'wide', by: (r) => r.perSecond, cell: (r) => rate(r.perSecond) },
    { head: 'Count', n: true, by: (r) => r.count, cell: (r) => count(r.count), data: (r) => ({ 'data-route': `${r.method} ${r.route}`, 'data-value': r.count }) },
    ...(['p50', 'p95', 'p99'] as const).map(
      (p): Column<Row> => ({ head: p, n: true, class: p === 'p95' ? '' : 'wide', by: (r) => r[p], title: estimated(duration), cell: (r) => (r[p] === null ? '?' : estimate(bounds, r[p])), tone: (r) => slow(r[p]) }),
    ),
    { head: 'Wait, p95', n: true, by: (r) => r.wait, title: estimated(titleOf('discord_rest_queue_wait_seconds')), cell: (r) => estimate(bounds, r.wait), tone: (r) => slow(r.wait) },
    counted('4xx', (r) => r.clientErrors, 'warn'),
    counted('429', (r) => r.limited, 'warn'),
    counted('5xx', (r) => r.serverErrors, 'bad'),
    counted('No answer', (r) => r.none, 'bad'),
  ]
  return (
    <Panel
      title="REST"
      class="c8"
      note={routes.value ? `${windowOf(routes.value)} · ${count(routes.value.requests.count)} requests, p95 ${seconds(routes.value.requests.p95_seconds)} · wait in the limiter, p95 ${seconds(routes.value.waits.p95_seconds)}` : ''}
      right={<Age at={routes.at} />}
    >
      <Having of={routes}>
        {(doc) => {
          const rows = rowsOf(doc)
          if (rows.length === 0) return <Empty says="No request has been made in this range" />
          return (
            <>
              <Table label="Requests by route" class="pin" sorted="p95" title={duration} columns={columns} rows={rows} few={{ n: few, what: 'routes' }} keyOf={(r) => `${r.method} ${r.route}`} />
              <RateLimits doc={doc} />
            </>
          )
        }}
      </Having>
      {overview.value && <Invalid of={overview.value} />}
    </Panel>
  )
}

const by = (counts: Record<string, number> | null): string =>
  counts
    ? Object.entries(counts)
        .map(([name, n]) => `${name} ${count(n)}`)
        .join(', ') || 'none'
    : '?'

function Invalid({ of: { rate_limits_15m: limits, invalid_requests_10m: invalid } }: { of: Overview }) {
  const titleOf = useTitle()
  return (
    <>
      <p class="s q below">
        <span title={titleOf('discord_ratelimits_total')}>429s in the last 15 min by scope: {by(limits)}.</span>{' '}
        <span title={titleOf('discord_rest_invalid_requests_total')}>Invalid requests in the last 10 min by status: {by(invalid.statuses)}.</span>
      </p>
      {invalid.routes.length > 0 && (
        <Table
          label="Invalid requests by route"
          title={titleOf('discord_rest_invalid_requests_total')}
          rows={invalid.routes}
          few={{ n: few, what: 'routes' }}
          keyOf={(r) => `${r.route} ${r.status}`}
          columns={[
            { head: 'Invalid requests, 10 min', class: 'route', cell: (r) => r.route },
            { head: 'Status', n: true, cell: (r) => r.status },
            { head: 'Count', n: true, by: (r) => r.count, cell: (r) => count(r.count), tone: () => 'warn', data: (r) => ({ 'data-invalid': `${r.status} ${r.route}`, 'data-value': r.count }) },
          ]}
        />
      )}
    </>
  )
}

function RateLimits({ doc }: { doc: Routes }) {
  const titleOf = useTitle()
  const rows = doc.routes.flatMap((r) => Object.entries(r.rate_limits).map(([scope, n]) => ({ route: r.route, scope, n }))).filter((r) => r.n > 0)
  if (rows.length === 0) return <p class="s m below">No response had status 429 in this range.</p>
  const counts = { user: 'yes', global: 'yes', shared: 'no' } as Record<string, string>
  rows.sort((a, b) => b.n - a.n)
  return (
    <Table
      label="Rate limits by route"
      title={titleOf('discord_ratelimits_total')}
      rows={rows}
      few={{ n: few, what: 'rate limits' }}
      keyOf={(r) => `${r.route} ${r.scope}`}
      columns={[
        { head: 'Rate limits', class: 'route', cell: (r) => r.route },
        { head: 'Scope', cell: (r) => r.scope },
        { head: '429s', n: true, cell: (r) => count(r.n), tone: (r) => (r.scope === 'global' ? 'bad' : 'warn') },
        { head: 'Counts to the ban', n: true, cell: (r) => counts[r.scope] ?? '?' },
      ]}
    />
  )
}
