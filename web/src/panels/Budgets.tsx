import type { ComponentChildren } from 'preact'
import { answersLeft, invalidLeft, type Left, median, startsLeft } from '../data/budgets'
import { count, rate, ratio, span } from '../text/format'
import { usePage, useTick, useTitle } from '../ui/context'
import { Icon, type IconName } from '../ui/Icon'
import { Panel, Unknown } from '../ui/Panel'

interface Sign {
  icon: IconName
  class: string
  says: string
}

const fine = (says: string): Sign => ({ icon: 'ok', class: 'ok', says })
const warning = (says: string): Sign => ({ icon: 'warn', class: 'warn', says })
const alarm = (says: string): Sign => ({ icon: 'bad', class: 'bad', says })
const unsure = (says: string): Sign => ({ icon: 'unknown', class: 'off', says })

const empties = (left: Left, calm: string): Sign => {
  if (!left.known) return unsure('cannot tell')
  if (left.seconds === null) return fine(calm)
  return left.seconds < 3600 ? alarm(`empty in ${span(left.seconds)}`) : warning(`empty in ${span(left.seconds)}`)
}

interface GaugeProps {
  title: string
  series: string
  figure: string
  of: ComponentChildren
  share: number // of the bar, 0 to 1
  tick?: number // where it becomes worth a look
  sign: Sign
  children: ComponentChildren
}

function Gauge({ title, series, figure, of, share, tick, sign, children }: GaugeProps) {
  const x = (n: number): string => `${Math.min(Math.max(n, 0), 1) * 100}%`
  return (
    <Panel
      class="c3 gauge"
      title={title}
      right={
        <span class={sign.class}>
          <Icon name={sign.icon} /> {sign.says}
        </span>
      }
    >
      <p class="v" title={series}>
        <b data-of={title}>{figure}</b> <span class="m">{of}</span>
      </p>
      <svg class="chart" height="12" width="100%" aria-hidden="true">
        <rect y="2" width="100%" height="8" class="f-line" />
        <rect y="2" width={x(share)} height="8" class={sign.icon === 'bad' ? 'f-bad' : sign.icon === 'warn' ? 'f-warn' : 'f-data'} />
        {tick !== undefined && <line x1={x(tick)} x2={x(tick)} y1="0" y2="12" class="s-ink" />}
      </svg>
      <p class="s m">{children}</p>
    </Panel>
  )
}

function SessionStarts() {
  const page = usePage()
  useTick(1_000)
  const titleOf = useTitle()
  const { picture, data } = page.state
  const b = picture?.budgets.session_starts
  if (!b) {
    return (
      <Panel title="Session starts" class="c3 gauge">
        <Unknown
          how={
            <>
              Nothing has asked Discord for them yet. Set <code>ARGUS_SESSION_START_POLL</code>, and Argus asks slowly.
            </>
          }
        />
      </Panel>
    )
  }
  const reset = b.resets_at ? (Date.parse(b.resets_at) - page.now()) / 1000 : null
  const left = startsLeft(b.remaining, data.starts.value)
  const sign = b.remaining === 0 ? alarm('empty') : reset !== null && left.known && (left.seconds === null || left.seconds > reset) ? fine('lasts until the reset') : empties(left, 'none used of late')
  return (
    <Gauge title="Session starts" series={titleOf('discord_gateway_session_start_remaining')} figure={count(b.remaining)} of={`of ${count(b.limit)} left, whole bot`} share={b.limit ? b.remaining / b.limit : 0} tick={0.2} sign={sign}>
      {reset === null ? 'Time of the reset unknown.' : reset > 0 ? `Reset in ${span(reset)}.` : 'The reset has passed; not asked again since.'} {b.max_concurrency !== null && `${count(b.max_concurrency)} may start within 5 s.`}
    </Gauge>
  )
}

function InvalidRequests() {
  const { picture } = usePage().state
  const titleOf = useTitle()
  const b = picture?.budgets.invalid_requests
  if (!b) return null
  return (
    <Gauge
      title="Invalid requests"
      series={titleOf('discord_rest_invalid_requests_total')}
      figure={count(b.count)}
      of={`of ${count(b.limit)} in ${span(b.window_seconds)}, this process`}
      share={(b.count ?? 0) / b.limit}
      tick={0.25}
      sign={b.count !== null && b.count >= b.limit ? alarm('above the limit') : empties(invalidLeft(b), 'not running out')}
    >
      Responses with 401, 403 or 429. At the last minute's rate the count levels off at {count(b.levels_off_at)}. Discord counts the whole IP address.
    </Gauge>
  )
}

function Sends() {
  const { picture } = usePage().state
  const titleOf = useTitle()
  const sends = picture?.budgets.sends ?? []
  const worst = sends[0]
  if (!worst) {
    return (
      <Panel title="Sends to the gateway" class="c3 gauge">
        <Unknown how="No shard's connection is observed yet." />
      </Panel>
    )
  }
  const share = worst.count / worst.limit
  const sign = share >= 1 ? alarm('at the limit') : share > 0.8 ? warning('close to the limit') : fine('within the limit')
  return (
    <Gauge title="Sends to the gateway" series={titleOf('discord_shard_sent_total', `shard="${worst.shard}"`)} figure={count(worst.count)} of={`of ${count(worst.limit)} in ${span(worst.window_seconds)}, shard ${worst.shard}`} share={share} tick={0.8} sign={sign}>
      The busiest of {count(sends.length)} {sends.length === 1 ? 'shard' : 'shards'}; median {count(median(sends.map((s) => s.count)))}. Discord closes a connection above the limit.
    </Gauge>
  )
}

function Answers() {
  const { picture } = usePage().state
  const titleOf = useTitle()
  const b = picture?.budgets.answers
  if (!b) return null
  const at = (window: number) => b.windows.find((w) => w.window_seconds === window)
  const hour = at(3600)
  const fast = at(300)
  const burn = hour?.burn ?? null
  const left = answersLeft(burn)
  const sign =
    burn === null ? (hour?.judged === 0 ? unsure('no interactions') : unsure('cannot tell')) : burn <= 1 ? fine('lasts the 30 days') : burn > b.burn_fast ? alarm(`30 days' worth gone in ${span(left.seconds)}`) : warning(`30 days' worth gone in ${span(left.seconds)}`)
  return (
    <Gauge
      title="Error budget"
      series={titleOf('discord_interaction_acks_total')}
      figure={burn === null ? '?' : `${rate(burn)}×`}
      of={`burn over ${hour?.covered_seconds !== null && hour?.covered_seconds !== undefined && hour.covered_seconds < 3600 ? span(hour.covered_seconds) : '1 h'}`}
      share={(burn ?? 0) / (b.burn_fast * 1.5)}
      tick={1 / 1.5}
      sign={sign}
    >
      {count(hour?.failed)} of {count(hour?.judged)} failed ({ratio(hour?.ratio)}); {ratio(b.budget)} may. In 5 min: {fast?.burn === null || fast?.burn === undefined ? '?' : `${rate(fast.burn)}×`}. Above {rate(b.burn_fast)}×, the critical alert fires.
    </Gauge>
  )
}

export function Budgets() {
  return (
    <div class="board">
      <SessionStarts />
      <InvalidRequests />
      <Sends />
      <Answers />
    </div>
  )
}
