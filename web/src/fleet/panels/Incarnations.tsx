import { count, moment, span } from '../../text/format'
import { useTick } from '../../ui/context'
import { Icon } from '../../ui/Icon'
import { Empty, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { ClusterDetail, Incarnation } from '../data/api'
import { ageOf } from '../data/clusters'

const ends: Record<Incarnation['ended_by'], string> = { here: '–', goodbye: 'said goodbye', replaced: 'replaced by another', lost: 'no goodbye' }

// Incarnations are the processes that were this cluster: the cluster is the place, and an
// instance a process in it.
export function Incarnations({ of }: { of: ClusterDetail }) {
  const page = useFleet()
  useTick(1_000)
  const now = page.now()
  const age = ageOf(of.cluster, now)
  return (
    <Panel title="Who has been here" note="the cluster is the place, an instance the process in it" class="c7">
      {of.incarnations.length === 0 ? (
        <Empty says="No process has reported" />
      ) : (
        <Table
          label="Processes that were this cluster"
          rows={of.incarnations}
          keyOf={(i) => `${i.instance} ${i.from}`}
          columns={[
            { head: 'Instance', class: 'mono', cell: (i) => <span title={i.instance}>{i.instance.slice(0, 8)}</span> },
            { head: 'Version', cell: (i) => i.version ?? '?' },
            { head: 'From', cell: (i) => moment(Date.parse(i.from), now) },
            {
              head: 'To',
              cell: (i) =>
                i.to === null ? (
                  <span class="ok">
                    <Icon name="ok" /> here{age === null ? '' : `, ${span(age)} ago`}
                  </span>
                ) : (
                  moment(Date.parse(i.to), now)
                ),
            },
            {
              head: 'Ended by',
              tone: (i) => (i.ended_by === 'lost' ? 'warn' : i.ended_by === 'here' ? 'q' : ''),
              cell: (i) => (
                <>
                  {i.ended_by === 'lost' && <Icon name="warn" />} {ends[i.ended_by]}
                </>
              ),
            },
            { head: 'Session starts', n: true, cell: (i) => count(i.session_starts) },
          ]}
        />
      )}
    </Panel>
  )
}
