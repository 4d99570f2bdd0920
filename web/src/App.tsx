import { useEffect } from 'preact/hooks'
import { headline } from './text/explain'
import { clock, moment, span } from './text/format'
import { Budgets } from './panels/Budgets'
import { Charts } from './panels/Charts'
import { Commands } from './panels/Commands'
import { GatewayEvents } from './panels/GatewayEvents'
import { GuildLookup } from './panels/GuildLookup'
import { Outcomes } from './panels/Outcomes'
import { Guilds, Process, Telemetry } from './panels/Process'
import { Rest } from './panels/Rest'
import { Shards } from './panels/Shards'
import { SlowInteractions } from './panels/SlowInteractions'
import { Timeline } from './panels/Timeline'
import { Bots, TopBar } from './panels/TopBar'
import { Usage } from './panels/Usage'
import { Spoken, Verdict } from './panels/Verdict'
import { Waterfall } from './panels/Waterfall'
import { save } from './export'
import type { Page } from './page'
import { PageContext, usePage, usePageState, useStale, useTick } from './ui/context'
import { Icon } from './ui/Icon'
import { Login } from './ui/Login'
import { sentence, Skeleton } from './ui/Panel'
import { Still } from './ui/Still'

function Banner() {
  const page = usePage()
  useTick(1_000)
  const { feed, place, picture } = page.state
  if (place.paused !== null) {
    return (
      <div class="banner quiet">
        <span>Paused at {clock(place.paused * 1000)} UTC.</span>
        <span class="s">The charts end there. The address of this page leads to them.</span>
        <button type="button" class="btn" onClick={() => page.pause(false)}>
          Resume
        </button>
      </div>
    )
  }
  if (!picture || !page.stale()) return null
  return (
    <div class="banner">
      <Icon name="warn" />
      <span>
        Last seen {span(page.age() / 1000)} ago, at {moment(picture.at, page.now())} UTC.
      </span>
      <span class="s">{feed.failure ? sentence(feed.failure) : ''} The numbers below are of that time. The page comes back by itself.</span>
    </div>
  )
}

// Without has what is shown before there is a picture.
function Without() {
  const page = usePage()
  useTick(1_000)
  const { feed, settings } = page.state
  const wait = feed.nextTry > 0 ? Math.max(Math.ceil((feed.nextTry - performance.now()) / 1000), 0) : 0
  if (feed.mode === 'connecting' || !feed.failure) {
    return (
      <main id="main" class="alone">
        <section class="panel">
          <h1 class="vh">Argus</h1>
          <Skeleton />
        </section>
      </main>
    )
  }
  return (
    <main id="main" class="alone">
      <section class="panel">
        <h1>
          <Icon name="unknown" /> {settings.bots.length > 1 ? 'Which bot?' : feed.mode === 'refused' ? 'This page has nothing to show' : 'The process does not answer'}
        </h1>
        <p class="m">{sentence(feed.failure)}</p>
        {settings.bots.length > 1 && (
          <p class="below">
            <Bots />
          </p>
        )}
        {settings.bots.length <= 1 && <p class="s q">{wait > 0 ? `Trying again in ${wait} s.` : 'Trying again.'}</p>}
      </section>
    </main>
  )
}

function Everything() {
  const page = usePage()
  const stale = useStale(page)
  const { data, catalog } = page.state
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <section class="board" aria-label="Verdict">
        <Verdict />
      </section>
      <Banner />
      <div class="board">
        <div class="stack c4 side">
          <Outcomes />
          <Shards />
          <GuildLookup />
          <Still of={[data.overview, catalog]}>
            <Process />
          </Still>
          <Still of={[data.process, catalog]}>
            <Usage />
          </Still>
        </div>
        <Charts />
      </div>
      <div class="board">
        <Still of={[data.latencies, catalog]}>
          <Waterfall />
        </Still>
        <Still of={[data.timeline, catalog]}>
          <Timeline />
        </Still>
      </div>
      <div class="board">
        <Still of={[data.slow, catalog]}>
          <SlowInteractions />
        </Still>
      </div>
      <Budgets />
      <div class="board">
        <Still of={[data.routes, data.overview, catalog]}>
          <Rest />
        </Still>
        <Still of={[data.overview, catalog]}>
          <GatewayEvents />
        </Still>
      </div>
      <div class="board">
        <div class="stack c8">
          <Still of={[data.commands, catalog]}>
            <Commands />
          </Still>
          <Telemetry />
        </div>
        <Still of={[data.overview, catalog]}>
          <Guilds />
        </Still>
      </div>
      <footer class="foot">
        <span>Times are UTC, by the clock of the process.</span>
        <a href="./metrics">Metrics</a>
        <a href="./plain">Plain page</a>
        <a href="./api/v1/status">Status as JSON</a>
      </footer>
    </main>
  )
}

function Content() {
  const page = usePage()
  const state = usePageState(page)
  const { feed, picture } = state
  const stale = useStale(page)
  const title = picture ? `${stale ? 'Stale: ' : ''}${headline(picture.verdict, picture.report).replace(/[.:].*/, '')} · ${picture.identity.cluster}` : 'Argus'
  useEffect(() => {
    document.title = title
  }, [title])
  useEffect(() => {
    const reset = (e: KeyboardEvent): void => {
      if (e.key === 'Escape' && page.state.place.zoom) page.go({ zoom: null })
    }
    addEventListener('keydown', reset)
    return () => removeEventListener('keydown', reset)
  }, [page])
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: the part of the address after # is the state */}
      <a
        class="skip"
        href="#main"
        onClick={(e) => {
          e.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        Skip to the verdict
      </a>
      <TopBar onExport={() => save(page)} />
      <Spoken />
      {feed.mode === 'login' ? <Login where="It is the one in ARGUS_DASHBOARD_AUTH_TOKEN, or else ARGUS_METRICS_AUTH_TOKEN, of the process." says={state.login} login={(token) => page.login(token)} /> : picture ? <Everything /> : <Without />}
    </>
  )
}

export function App({ page }: { page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Content />
    </PageContext.Provider>
  )
}
