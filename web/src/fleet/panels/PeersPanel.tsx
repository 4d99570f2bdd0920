import { bytes, rate, ratio, seconds } from '../../text/format'
import { Icon } from '../../ui/Icon'
import { Empty, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import type { ClusterDetail } from '../data/api'
import { absent } from '../data/clusters'

// write knows the units of UCUM that the peers have.
const write = (n: number | null, unit: string): string => (unit === 's' ? seconds(n) : unit === 'By' ? bytes(n) : unit === '1' ? ratio(n) : rate(n))

export function PeersPanel({ of: { peers, cluster } }: { of: ClusterDetail }) {
  return (
    <Panel title="Compared with its peers" note={peers ? `${peers.of}, median` : ''} class="c5">
      {peers === null || peers.rows.length === 0 ? (
        <Empty says="Nothing to compare it with" how={absent(cluster) ? 'The cluster does not report.' : 'No other cluster has the same version.'} />
      ) : (
        <Table
          label="Compared with its peers"
          rows={peers.rows}
          keyOf={(r) => r.what}
          columns={[
            { head: 'What', cell: (r) => r.what },
            { head: cluster.cluster, n: true, tone: (r) => (r.odd ? 'b' : ''), cell: (r) => write(r.value, r.unit) },
            { head: 'Median', n: true, cell: (r) => write(r.median, r.unit) },
            {
              head: 'Far from it?',
              tone: (r) => (r.odd ? 'warn' : 'q'),
              cell: (r) =>
                r.odd ? (
                  <>
                    <Icon name="warn" /> yes
                  </>
                ) : (
                  'no'
                ),
            },
          ]}
        />
      )}
    </Panel>
  )
}
