import { moment, seconds } from '../../text/format'
import { Empty, Panel, Unknown } from '../../ui/Panel'
import { slow, Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { ClusterDetail, SlowTrace } from '../data/api'

const few = 8

function Trace({ of }: { of: SlowTrace }) {
  const says = <code>{of.trace_id}</code>
  return of.trace_url === null ? (
    says
  ) : (
    <a class="ref" href={of.trace_url} rel="noreferrer" target="_blank">
      {says}
    </a>
  )
}

// SlowTraces are the slow interactions that lead to a trace: not all that were slow.
export function SlowTraces({ of: { slow_traces: traces, slow_after_seconds: after } }: { of: ClusterDetail }) {
  const now = useFleet().now()
  return (
    <Panel title="Slow interactions with a trace" note={`only sampled ones over ${after} s, last hour, newest first`}>
      {traces === null ? (
        <Unknown how="This fleet reads Prometheus servers, and not their exemplars." />
      ) : traces.length === 0 ? (
        <Empty
          says="No slow interaction has a trace"
          how={
            <>
              To turn traces on, set <code>OTEL_TRACES_EXPORTER=otlp</code> in the bots, and <code>OTEL_EXPORTER_OTLP_TRACES_ENDPOINT</code> to a collector: the fleet keeps no traces.
            </>
          }
        />
      ) : (
        <Table
          label="Slow interactions with a trace"
          rows={traces}
          few={{ n: few, what: 'slow interactions' }}
          keyOf={(t) => t.trace_id}
          columns={[
            { head: 'Answered', cell: (t) => moment(Date.parse(t.answered_at), now) },
            { head: 'Command', cell: (t) => t.command },
            { head: 'Type', cell: (t) => t.type },
            { head: 'Took', title: 'From the receipt to the acknowledgement', n: true, tone: (t) => slow(t.ack_duration_seconds), cell: (t) => seconds(t.ack_duration_seconds) },
            { head: 'Trace', cell: (t) => <Trace of={t} /> },
          ]}
        />
      )}
    </Panel>
  )
}
