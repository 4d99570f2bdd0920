import { moment, span } from '../../text/format'
import { Icon } from '../../ui/Icon'
import { Empty, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { Notifications as Document } from '../data/api'

const ways: Record<Exclude<Document['way'], 'none'>, string> = { discord: 'a webhook of Discord', alertmanager: 'another Alertmanager', config: 'a configuration of Alertmanager' }

export function Notifications({ of }: { of: Document }) {
  const now = useFleet().now()
  return (
    <Panel title="Notifications" note={of.way === 'none' ? '' : `by ${ways[of.way]}`} class="c5">
      {of.way === 'none' ? (
        <Empty says="Nobody is notified" how="Alerts are on this page alone, as no way to notify is set." />
      ) : of.receivers.length === 0 ? (
        <Empty says="Nothing has been sent yet" />
      ) : (
        <Table
          label="Receivers"
          rows={of.receivers}
          keyOf={(r) => r.name}
          columns={[
            { head: 'Receiver', cell: (r) => r.name },
            {
              head: 'State',
              class: 'w',
              cell: (r) =>
                r.failing_since !== null ? (
                  <span class="bad">
                    <Icon name="bad" /> fails for {span((now - Date.parse(r.failing_since)) / 1000)}: {r.error ?? 'no reason is known'}
                  </span>
                ) : r.last_success !== null ? (
                  <span class="ok">
                    <Icon name="ok" /> arrives
                  </span>
                ) : (
                  <span class="q">nothing sent yet</span>
                ),
            },
            { head: 'Last success', cell: (r) => (r.last_success === null ? '–' : moment(Date.parse(r.last_success), now)) },
          ]}
        />
      )}
    </Panel>
  )
}
