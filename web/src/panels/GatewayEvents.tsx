import { rate } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { Table } from '../ui/Table'

const few = 12

export function GatewayEvents() {
  const page = usePage()
  const titleOf = useTitle()
  const { overview } = page.state.data
  return (
    <Panel title="Gateway events" note="per second, last 5 min" class="c4" right={<Age at={overview.at} />}>
      <Having of={overview}>
        {({ events_per_second_5m: events }) => {
          const rows = Object.entries(events ?? {}).sort((a, b) => b[1] - a[1])
          if (rows.length === 0) return <Empty says="No event has come in the last 5 min" how="The first is here within a minute." />
          const top = rows[0]?.[1] ?? 1
          return (
            <>
              <Table
                label="Gateway events"
                class="events"
                title={titleOf('discord_gateway_events_total')}
                rows={rows.slice(0, few)}
                keyOf={([event]) => event}
                columns={[
                  { head: 'Event', class: 'route', cell: ([event]) => event },
                  { head: 'Events/s', n: true, cell: ([, n]) => rate(n) },
                  {
                    head: <span class="vh">Share of the most frequent</span>,
                    class: 'barc',
                    cell: ([, n]) => (
                      <svg class="chart" height="8" width="100%" aria-hidden="true">
                        <rect width={`${(n / top) * 100}%`} height="8" class="f-data" />
                      </svg>
                    ),
                  },
                ]}
              />
              {rows.length > few && (
                <p class="s q">
                  {rows.length - few} more with {rate(rows.slice(few).reduce((sum, [, n]) => sum + n, 0))} events/s in all.
                </p>
              )}
            </>
          )
        }}
      </Having>
    </Panel>
  )
}
