import { rate } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { Table } from '../ui/Table'

const few = 12

export function GatewayEvents() {
  const page = usePage()
  const titleOf = useTitle()
  const { events } = page.state.data.facts
  return (
    <Panel title="Gateway events" note="per second, last 5 min" class="c4" right={<Age at={events?.at ?? 0} />}>
      <Having of={events}>
        {(list) => {
          const rows = list.filter((g) => (g.value ?? 0) > 0).sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
          if (rows.length === 0) return <Empty says="No event has come in the last 5 min" how="The first is here within a minute." />
          const top = rows[0]?.value ?? 1
          return (
            <>
              <Table
                label="Gateway events"
                class="events"
                title={titleOf('discord_gateway_events_total')}
                rows={rows.slice(0, few)}
                keyOf={(g) => g.labels.event ?? ''}
                columns={[
                  { head: 'Event', class: 'route', cell: (g) => g.labels.event },
                  { head: 'Events/s', n: true, cell: (g) => rate(g.value) },
                  {
                    head: <span class="vh">Share of the most frequent</span>,
                    class: 'barc',
                    cell: (g) => (
                      <svg class="chart" height="8" width="100%" aria-hidden="true">
                        <rect width={`${((g.value ?? 0) / top) * 100}%`} height="8" class="f-data" />
                      </svg>
                    ),
                  },
                ]}
              />
              {rows.length > few && (
                <p class="s q">
                  {rows.length - few} more with {rate(rows.slice(few).reduce((n, g) => n + (g.value ?? 0), 0))} events/s in all.
                </p>
              )}
            </>
          )
        }}
      </Having>
    </Panel>
  )
}
