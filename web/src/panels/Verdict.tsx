import type { Finding, Stage, Verdict as Word } from '../data/api'
import type { Picture } from '../data/picture'
import { moment, seconds, signed, span, stamp } from '../text/format'
import { alike, besides, findingsOf, headline, origin, text } from '../text/explain'
import { usePage, useTick, useTitle } from '../ui/context'
import { Cannot, Copyable, Evidence, moodOf, SeverityBadge, Since, VerdictBadge, Worst } from '../ui/Finding'
import { Icon, type IconName } from '../ui/Icon'

const suspects: { name: string; blames: Finding['blame'][] }[] = [
  { name: "The bot's code", blames: ["the bot's code", 'the deployment'] },
  { name: 'Discord', blames: ['Discord'] },
  { name: 'Network', blames: ['the network'] },
  { name: 'discordgo', blames: ["discordgo's rate limiter", 'discordgo'] },
  { name: 'Machine', blames: ['the machine'] },
]

// everyFinding has those too that follow from others.
export const everyFinding = (findings: readonly Finding[]): Finding[] => findings.flatMap((f) => [f, ...everyFinding(f.explains ?? [])])

function Suspects({ picture }: { picture: Picture }) {
  const page = usePage()
  const titleOf = useTitle()
  const { latencies, overview } = page.state.data
  const findings = findingsOf(picture.report)
  // Before all has come there is no number, which is not the same as an unknown one.
  const loading = latencies.at === 0 || overview.at === 0
  const p95 = (stage: Stage['stage']): number | null => latencies.value?.stages.find((s) => s.stage === stage)?.p95_seconds ?? null
  const worst = picture.shards.reduce<number | null>((n, s) => (s.latency_seconds === null ? n : Math.max(n ?? 0, s.latency_seconds)), null)
  const clock = overview.value?.clock_offset_seconds ?? null
  const unavailable = overview.value?.guilds_unavailable ?? null
  const numbers: Record<string, { known: boolean; says: string; title: string }> = {
    "The bot's code": {
      known: p95('response') !== null,
      says: `First attempt to answer: p95 ${seconds(p95('response'))} of 3 s.`,
      title: titleOf('discord_interaction_response_delay_seconds'),
    },
    Discord: {
      known: p95('wire') !== null || unavailable !== null,
      says: `Callback request: p95 ${seconds(p95('wire'))}. Guilds unavailable: ${unavailable ?? '?'}.`,
      title: `${titleOf('discord_rest_request_duration_seconds')}\n${titleOf('discord_guilds_unavailable')}`,
    },
    Network: { known: worst !== null || p95('receipt') !== null, says: `Heartbeat: ${seconds(worst)} at worst. Age on receipt: p95 ${seconds(p95('receipt'))}.`, title: `${titleOf('discord_shard_latency_seconds')}\n${titleOf('discord_interaction_receipt_age_seconds')}` },
    discordgo: { known: p95('queue') !== null, says: `Callbacks wait in its rate limiter: p95 ${seconds(p95('queue'))}.`, title: titleOf('discord_rest_queue_wait_seconds') },
    Machine: { known: clock !== null || p95('handler') !== null, says: `Handlers start: p95 ${seconds(p95('handler'))}. Clock: ${signed(clock)}.`, title: `${titleOf('discord_interaction_handler_delay_seconds')}\n${titleOf('discord_clock_offset_seconds')}` },
  }
  const every = everyFinding(findings)
  return (
    <ul class="suspects" aria-label="What it could be">
      {suspects.map(({ name, blames }) => {
        const n = numbers[name]
        const cause = findings[0] && blames.includes(findings[0].blame)
        const named = every.filter((f) => blames.includes(f.blame)).length
        const icon: IconName = cause ? (findings[0]?.affects_users ? 'bad' : 'warn') : named > 0 ? 'warn' : n?.known ? 'ok' : 'unknown'
        return (
          <li key={name} title={n?.title}>
            <p class={`n ${cause || named > 0 ? icon : ''}`}>
              <Icon name={icon} class={icon === 'ok' ? 'ok' : icon === 'unknown' ? 'off' : ''} />
              {name} <span class={cause || named > 0 ? '' : 'q'}>{cause ? 'the cause' : named > 0 ? `${named} ${named === 1 ? 'finding' : 'findings'}` : n?.known ? 'no finding' : loading ? '' : 'cannot tell'}</span>
            </p>
            <p class="s m">{n?.known ? n.says : loading ? 'Loading.' : 'No interactions in the last 15 min.'}</p>
          </li>
        )
      })}
    </ul>
  )
}

function Others({ findings }: { findings: Finding[] }) {
  const groups = alike(findings)
  if (groups.length === 0) return null
  return (
    <ul class="also" aria-label="More findings">
      {groups.map((group) => {
        const f = group[0]
        if (!f) return null
        return (
          <li key={`${f.id} ${Object.values(f.subject).join()}`}>
            <SeverityBadge of={f.severity} />
            <span>
              <b>{f.sentence}</b>
              <Since f={f} />.{besides(group)} {f.cause ?? f.detail} {f.do && <span class="m">Do: {f.do}</span>}
            </span>
            <a class="ref s" href={f.runbook} rel="noreferrer" target="_blank">
              {f.id}
            </a>
          </li>
        )
      })}
    </ul>
  )
}

export function Verdict() {
  const page = usePage()
  useTick(1_000)
  const { picture, feed } = page.state
  if (!picture) return null
  const { report, verdict } = picture
  const findings = findingsOf(report)
  const first = alike(findings)[0]
  const f = first?.[0]
  const cluster = picture.identity.cluster
  const stale = page.stale()
  const shown: Word = stale ? 'unknown' : verdict
  const wait = feed.nextTry > 0 ? Math.max(Math.ceil((feed.nextTry - performance.now()) / 1000), 0) : null
  const who = [picture.identity.bot, picture.identity.region, cluster].filter(Boolean).join(' · ')
  const rest = first ? findings.filter((other) => !first.includes(other)) : []
  const grey = shown === 'calm' && report.checked < report.checks
  return (
    <div class={`panel verdict ${moodOf(shown, report)}`}>
      <div class="line">
        <VerdictBadge shown={shown} report={report} />
        <div>
          {stale ? (
            <>
              <h1>
                Nothing has been heard from {cluster} for {span(page.age() / 1000)}. What you see below is from {moment(picture.at, page.now())}.
              </h1>
              <p class="why">
                The process has ended, or the network between it and you is down. <b>Not known:</b> whether users are answered. <b>The last verdict:</b> {headline(verdict, report)}
              </p>
            </>
          ) : f && first ? (
            <Worst group={first} />
          ) : (
            <>
              <h1>{verdict === 'calm' && !grey ? <em>{headline(verdict, report)}</em> : headline(verdict, report)}</h1>
              {picture.shards.length === 0 && <p class="why">No shard has connected yet: the bot is starting, or has not called Session.Open.</p>}
            </>
          )}
          {!stale && f && (
            <div class="acts">
              <a class="btn main" href={f.runbook} rel="noreferrer" target="_blank">
                Runbook
              </a>
              <button type="button" class="btn" onClick={() => document.getElementById('waterfall')?.scrollIntoView()}>
                See where the time goes
              </button>
            </div>
          )}
          {!stale && f && <Evidence f={f} />}
        </div>
        <span class="src wide">
          {stale ? (
            wait !== null ? `trying again in ${wait} s` : 'trying again'
          ) : f ? (
            <>
              {f.id}
              <br />
              {headline(verdict, report)}
            </>
          ) : (
            `${report.checked} of ${report.checks} checks made`
          )}
        </span>
      </div>
      {!stale && <Suspects picture={picture} />}
      {f && !stale && <Others findings={[...(f.explains ?? []), ...rest]} />}
      {!stale && <Cannot gaps={report.cannot_tell} />}
      <Copyable all={`${who} · ${stamp(picture.at)}\n${text(verdict, report)}`}>
        <button type="button" class="btn" onClick={() => page.pause(true)}>
          Pause for a link to this moment
        </button>
      </Copyable>
    </div>
  )
}

// Spoken tells the verdict to screen readers when it changes.
export function Spoken() {
  const page = usePage()
  useTick(5_000)
  const { picture, feed } = page.state
  const f = picture ? findingsOf(picture.report)[0] : undefined
  const says = !picture ? '' : page.stale() || feed.mode === 'lost' ? 'The process does not answer.' : `${headline(picture.verdict, picture.report)} ${f ? `${f.sentence}. ${f.blame === 'unknown' ? '' : origin({ ...f, since: null }, 0)}` : ''}`
  return (
    <p class="vh" role="status">
      {says}
    </p>
  )
}
