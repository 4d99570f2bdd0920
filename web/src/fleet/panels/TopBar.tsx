import { useEffect, useRef } from 'preact/hooks'
import { grafanaLink } from '../../data/settings'
import { span } from '../../text/format'
import { useTick } from '../../ui/context'
import { SchemeSwitch } from '../../ui/Scheme'
import { useFleet } from '../context'
import { link, type PageName, pages, type Range, ranges } from '../data/place'

const rangeNames: Record<Range, string> = { '15m': '15 min', '1h': '1 h', '6h': '6 h', '24h': '24 h' }
const ranged: readonly PageName[] = ['overview', 'cluster', 'timeline', 'query']

function Age() {
  const page = useFleet()
  useTick(1_000)
  const age = page.age()
  const failed = page.shown.failure !== null
  return (
    <span class="age" title="Age of the data">
      <svg width="8" height="8" aria-hidden="true">
        <circle cx="4" cy="4" r="4" class={Number.isNaN(age) ? 'f-off' : page.stale() || failed ? 'f-bad' : 'f-ok'} />
      </svg>
      {Number.isNaN(age) ? 'connecting' : `${span(age / 1000)} ago`}
    </span>
  )
}

// Bots is the choice of a bot, where the fleet has several.
function Bots() {
  const page = useFleet()
  const { place, docs } = page.state
  const bots = docs.overview.value?.bots ?? []
  if (place.page !== 'overview' || (bots.length < 2 && place.job === '')) return null
  const value = (job: string, bot: string | null): string => JSON.stringify([job, bot ?? ''])
  const chosen = value(place.job, place.bot)
  return (
    <select
      class="btn"
      aria-label="Bot"
      value={chosen}
      onChange={(e) => {
        const [job = '', bot = ''] = JSON.parse(e.currentTarget.value) as string[]
        page.go({ job, bot })
      }}
    >
      <option value={value('', '')}>All bots</option>
      {place.job !== '' && !bots.some((b) => value(b.job, b.bot) === chosen) && <option value={chosen}>{place.bot || place.job}</option>}
      {bots.map((b) => (
        <option key={value(b.job, b.bot)} value={value(b.job, b.bot)}>
          {b.bot ? `${b.job} / ${b.bot}` : b.job}
        </option>
      ))}
    </select>
  )
}

function Grafana() {
  const page = useFleet()
  const { settings, place } = page.state
  if (!settings?.grafana) return null
  const end = place.zoom?.to ?? Math.floor(page.now() / 1000)
  const begin = place.zoom?.from ?? end - ranges[place.range]
  const to = grafanaLink(settings.grafana, { job: place.job, bot: place.bot, region: place.region, cluster: place.cluster, shard: '', from: begin * 1000, to: end * 1000 })
  return to === '' ? null : (
    <a class="btn hide" href={to} rel="noreferrer" target="_blank">
      Grafana ↗
    </a>
  )
}

export function TopBar() {
  const page = useFleet()
  const { place, settings, mode, docs } = page.state
  const counts = docs.overview.value?.alerts
  const name = settings?.name || 'Fleet'
  const tabs = useRef<HTMLElement>(null)
  // On a phone the tabs are scrolled.
  useEffect(() => tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [place.page, mode, settings])
  return (
    <header class="top">
      <p class="who">
        <a href={link({}, place.range)}>{name}</a>
        {place.page === 'cluster' && (
          <>
            {place.region !== '' && (
              <>
                <span class="sep">/</span>
                <a href={link({ find: place.region }, place.range)}>{place.region}</a>
              </>
            )}
            <span class="sep">/</span>
            <span>{place.cluster}</span>
          </>
        )}
      </p>
      {mode === 'open' ? (
        <>
          <nav class="tabs" aria-label="Fleet" ref={tabs}>
            {(Object.keys(pages) as PageName[])
              .filter((p) => p !== 'cluster' && (p !== 'query' || settings?.query !== false) && (p !== 'analytics' || settings?.events === true))
              .map((p) => (
                <a key={p} href={link({ page: p, zoom: ranged.includes(p) ? place.zoom : null }, place.range)} aria-current={p === place.page ? 'page' : undefined}>
                  {pages[p]}
                  {p === 'alerts' && counts !== undefined && counts.firing > 0 && (
                    <span class="count">
                      {counts.firing}
                      <span class="vh"> firing</span>
                    </span>
                  )}
                </a>
              ))}
          </nav>
          <Bots />
          <Age />
          {ranged.includes(place.page) && (
            <fieldset class="seg range">
              <legend class="vh">Time range</legend>
              {(Object.keys(ranges) as Range[]).map((range) => (
                <button type="button" key={range} aria-pressed={!place.zoom && place.range === range} onClick={() => page.go({ range, zoom: null })}>
                  {rangeNames[range]}
                </button>
              ))}
            </fieldset>
          )}
          {place.zoom && (
            <button type="button" class="btn" onClick={() => page.zoom(null)}>
              Reset zoom
            </button>
          )}
          <Grafana />
          {settings?.auth && (
            <button type="button" class="btn hide" onClick={() => void page.logout()}>
              Log out
            </button>
          )}
        </>
      ) : (
        <span class="tabs" />
      )}
      <SchemeSwitch />
    </header>
  )
}
