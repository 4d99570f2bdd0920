import { grafanaLink } from '../data/settings'
import { ranges, type Range } from '../data/questions'
import { usePage, useTick } from '../ui/context'
import { SchemeSwitch } from '../ui/Scheme'
import { clock, span } from '../text/format'

const rangeNames: Record<Range, string> = { '15m': '15 min', '1h': '1 h', '6h': '6 h' }
function Age() {
  const page = usePage()
  useTick(1_000)
  const { feed, place } = page.state
  const age = page.age()
  if (place.paused !== null) return <span class="age">Paused at {clock(place.paused * 1000)}</span>
  const dot = Number.isNaN(age) ? 'f-off' : page.stale() || feed.mode === 'lost' ? 'f-bad' : 'f-ok'
  return (
    <span class="age" title={feed.mode === 'polling' ? 'The stream is not available, so the page polls every 5 s' : 'Age of the newest message of the process'}>
      <svg width="8" height="8" aria-hidden="true">
        <circle cx="4" cy="4" r="4" class={dot} />
      </svg>
      {Number.isNaN(age) ? 'connecting' : `${span(age / 1000)} ago`}
      {feed.mode === 'polling' && <span class="q"> · polling</span>}
    </span>
  )
}

// Bots is the choice of a bot, where the process has several.
export function Bots() {
  const page = usePage()
  const { settings, place } = page.state
  return (
    <select class="btn" aria-label="Bot" value={place.bot} onChange={(e) => page.go({ bot: e.currentTarget.value })}>
      {!settings.bots.includes(place.bot) && <option value={place.bot}>{place.bot || 'Choose a bot'}</option>}
      {settings.bots.map((bot) => (
        <option key={bot}>{bot}</option>
      ))}
    </select>
  )
}

export function TopBar({ onExport }: { onExport: () => void }) {
  const page = usePage()
  const { place, picture, feed, data, settings } = page.state
  const overview = data.overview.value
  const up = page.uptime()
  const total = overview?.bot_shards ?? null
  const end = place.zoom?.to ?? page.now() / 1000
  const grafana =
    picture && settings.grafana
      ? grafanaLink(settings.grafana, { cluster: picture.identity.cluster, shard: place.shard, from: Math.floor((end - data.view.range) * 1000), to: Math.floor(end * 1000) })
      : ''
  const shards = picture?.shards.length ?? 0
  return (
    <header class="top">
      <p class="who">
        {settings.bots.length > 1 && picture ? <Bots /> : picture?.identity.bot && <span class="bot">{picture.identity.bot}</span>}
        {picture?.identity.bot && <span class="sep">/</span>}
        <span>{picture?.identity.cluster ?? 'Argus'}</span>
      </p>
      <p class="about s q">
        {picture &&
          [
            picture.identity.region,
            total !== null && total !== shards ? `${shards} of ${total} shards` : `${shards} ${shards === 1 ? 'shard' : 'shards'}`,
            overview?.versions.bot && `version ${overview.versions.bot}`,
            up !== null && `up ${span(up)}`,
            overview?.versions.discordgo && `discordgo ${overview.versions.discordgo}`,
            `Argus ${picture.identity.argus_version}`,
          ]
            .filter(Boolean)
            .join(' · ')}
      </p>
      {picture && feed.mode !== 'login' ? (
        <>
          <Age />
          <fieldset class="seg range">
            <legend class="vh">Time range</legend>
            {(Object.keys(ranges) as Range[]).map((range) => (
              <button type="button" key={range} aria-pressed={!place.zoom && page.view().range === ranges[range]} onClick={() => page.go({ range, zoom: null })}>
                {rangeNames[range]}
              </button>
            ))}
          </fieldset>
          <button type="button" class="btn" aria-pressed={place.paused !== null} onClick={() => page.pause(place.paused === null)} title="Stop the page at this moment. The address then leads to the same charts">
            {place.paused !== null ? 'Resume' : 'Pause'}
          </button>
          <button type="button" class="btn hide" onClick={onExport} title="Save what the page shows as JSON">
            Export
          </button>
          {grafana && (
            <a class="btn hide" href={grafana} rel="noreferrer" target="_blank">
              Grafana ↗
            </a>
          )}
        </>
      ) : (
        <span class="age" />
      )}
      {settings.auth && feed.mode !== 'login' && (
        <button type="button" class="btn hide" onClick={() => void page.logout()}>
          Log out
        </button>
      )}
      <SchemeSwitch />
    </header>
  )
}
