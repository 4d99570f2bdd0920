import type { SlowInteraction } from '../data/api'
import { clock, seconds } from '../text/format'
import { usePage } from '../ui/context'
import { Icon } from '../ui/Icon'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { Table } from '../ui/Table'

const scale = 5 // s, the whole width
const few = 8

interface Part {
  from: number
  to: number
  class: string
}

// partsOf are those of the time since the creation, in s. Without an answer the bar ends
// with the last that is known.
export function partsOf(i: SlowInteraction): Part[] {
  const arrived = i.receipt_age_seconds
  const attempt = i.response_delay_seconds === null ? null : arrived + i.response_delay_seconds
  const answer = i.ack_duration_seconds === null ? null : arrived + i.ack_duration_seconds
  const parts = [{ from: 0, to: arrived, class: 'f-data' }]
  if (attempt !== null) parts.push({ from: arrived, to: attempt, class: 'f-acc' })
  if (answer !== null) parts.push({ from: attempt ?? arrived, to: answer, class: 'f-ink' })
  return parts
}

// took is how long the user waited, or null without an answer that Discord took.
export const took = (i: SlowInteraction): number | null => (i.ack_duration_seconds === null ? null : i.receipt_age_seconds + i.ack_duration_seconds)

const outcomes: Record<string, { says: string; icon: 'ok' | 'warn' | 'bad'; tone: string }> = {
  in_time: { says: 'in time', icon: 'ok', tone: 'ok' },
  late: { says: 'late', icon: 'warn', tone: 'warn' },
  missed: { says: 'missed', icon: 'bad', tone: 'bad' },
  rejected: { says: 'rejected', icon: 'bad', tone: 'bad' },
}

function says(i: SlowInteraction): string {
  const attempt = i.response_delay_seconds === null ? 'no attempt to answer' : `first attempt ${seconds(i.response_delay_seconds)} after the receipt`
  const answer = i.ack_duration_seconds === null ? 'no response that decided it' : `response ${seconds(i.ack_duration_seconds)} after the receipt`
  return `${seconds(i.receipt_age_seconds)} old on receipt, ${attempt}, ${answer}`
}

function Bar({ of, deadline }: { of: SlowInteraction; deadline: number }) {
  const x = (n: number): string => `${Math.min(n / scale, 1) * 100}%`
  return (
    <svg class="chart bar" height="14" width="100%" role="img" aria-label={says(of)}>
      {partsOf(of).map((p) => (
        <rect key={p.class} x={x(p.from)} y="2" width={`${Math.max(Math.min(p.to, scale) - Math.min(p.from, scale), 0) * (100 / scale)}%`} height="10" class={p.class} />
      ))}
      <line class="limit" x1={x(deadline)} x2={x(deadline)} y1="0" y2="14" />
    </svg>
  )
}

const Key = ({ tone, children }: { tone: string; children: string }) => (
  <span class="key">
    <svg width="10" height="10" aria-hidden="true">
      <rect x=".5" y=".5" width="9" height="9" class={tone} />
    </svg>
    {children}
  </span>
)

function trace(i: SlowInteraction) {
  const says = i.trace_id?.slice(0, 8)
  return i.trace_url ? (
    <a class="ref" href={i.trace_url} title={`Trace ${i.trace_id}`} rel="noreferrer" target="_blank">
      {says}
    </a>
  ) : (
    <span title={i.trace_id ?? 'not sampled'}>{says ?? '–'}</span>
  )
}

export function SlowInteractions() {
  const { slow } = usePage().state.data
  return (
    <Panel title="The last slow ones" note={slow.value ? `over ${slow.value.slow_after_seconds} s or unanswered, newest first` : ''} right={<Age at={slow.at} />} class="c12" id="slow">
      <Having of={slow}>
        {(d) =>
          d.interactions.length === 0 ? (
            <Empty says="No interaction was slow" how="Those that are missed, rejected or answered slowly are listed here, up to 64." />
          ) : (
            <>
              <Table
                label="The last slow interactions"
                title="./api/v1/slow-interactions"
                class="waterfall"
                rows={d.interactions}
                few={{ n: few, what: 'slow interactions' }}
                keyOf={(i) => `${i.received_at} ${i.shard} ${i.command} ${i.receipt_age_seconds}`}
                row={(i) => ({ title: says(i) })}
                columns={[
                  { head: 'Received', cell: (i) => clock(Date.parse(i.received_at)) },
                  { head: 'Command', cell: (i) => <span title={i.type}>{i.command}</span> },
                  { head: 'Shard', n: true, cell: (i) => i.shard ?? 'HTTP' },
                  { head: `Created to answered, 0 to ${scale} s`, class: 'barc', cell: (i) => <Bar of={i} deadline={d.deadline_seconds} /> },
                  { head: 'Took', n: true, cell: (i) => (took(i) === null ? 'never' : seconds(took(i))) },
                  ...(d.interactions.some((i) => i.trace_id) ? [{ head: 'Trace', cell: trace }] : []),
                  {
                    head: 'Outcome',
                    cell: (i) => {
                      const o = outcomes[i.outcome]
                      return o ? (
                        <span class={`nw ${o.tone}`}>
                          <Icon name={o.icon} /> {o.says}
                        </span>
                      ) : (
                        i.outcome
                      )
                    },
                  },
                ]}
              />
              <p class="legend">
                <Key tone="f-data">on the way to the bot</Key>
                <Key tone="f-acc">until the first attempt to answer</Key>
                <Key tone="f-ink">until the response</Key>
              </p>
            </>
          )
        }
      </Having>
    </Panel>
  )
}
