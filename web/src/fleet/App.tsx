import { useEffect } from 'preact/hooks'
import { headline } from '../text/explain'
import { PageContext, usePageState, useStale, useTick } from '../ui/context'
import { Icon } from '../ui/Icon'
import { Login } from '../ui/Login'
import { sentence, Skeleton } from '../ui/Panel'
import { useFleet } from './context'
import { pages } from './data/place'
import type { Fleet } from './fleet'
import { Alerts } from './pages/Alerts'
import { Analytics } from './pages/Analytics'
import { Cluster } from './pages/Cluster'
import { Members } from './pages/Members'
import { Overview } from './pages/Overview'
import { Query } from './pages/Query'
import { Timeline } from './pages/Timeline'
import { TopBar } from './panels/TopBar'
import { Spoken } from './panels/Verdict'

// Without is what is shown before the overview has come.
function Without() {
  const { docs, nextTry } = useFleet().state
  useTick(1_000)
  const { failure } = docs.overview
  const wait = nextTry > 0 ? Math.max(Math.ceil((nextTry - performance.now()) / 1000), 0) : 0
  return (
    <main id="main" class="alone">
      <section class="panel">
        {failure ? (
          <>
            <h1>
              <Icon name="unknown" /> The fleet does not answer
            </h1>
            <p class="m">{sentence(failure)}</p>
            <p class="s q">{wait > 0 ? `Trying again in ${wait} s.` : 'Trying again.'}</p>
          </>
        ) : (
          <>
            <h1 class="vh">Argus fleet</h1>
            <Skeleton />
          </>
        )}
      </section>
    </main>
  )
}

function Current() {
  const { place, docs } = useFleet().state
  if (place.page === 'cluster') return <Cluster />
  if (place.page === 'timeline') return <Timeline />
  if (place.page === 'alerts') return <Alerts />
  if (place.page === 'members') return <Members />
  if (place.page === 'query') return <Query />
  if (place.page === 'analytics') return <Analytics />
  return docs.overview.value ? <Overview of={docs.overview.value} /> : <Without />
}

function useDocumentTitle(fleet: Fleet): void {
  const { place, docs, settings } = fleet.state
  const stale = useStale(fleet)
  const overview = docs.overview.value
  const name = settings?.name || 'Argus fleet'
  const what = place.page === 'cluster' ? place.cluster : place.page !== 'overview' ? pages[place.page] : overview ? headline(overview.verdict, overview.report).replace(/[.:].*/, '') : ''
  const title = [`${stale ? 'Stale: ' : ''}${what}`, name].filter(Boolean).join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}

// useArrival begins at the top of a page that was reached by a link.
function useArrival(at: string): void {
  useEffect(() => {
    scrollTo(0, 0)
  }, [at])
}

function Content() {
  const fleet = useFleet()
  const { mode, login, place } = usePageState(fleet)
  useDocumentTitle(fleet)
  useArrival(`${place.page} ${place.cluster}`)
  useEffect(() => {
    const reset = (e: KeyboardEvent): void => {
      if (e.key === 'Escape' && fleet.state.place.zoom) fleet.zoom(null)
    }
    addEventListener('keydown', reset)
    return () => removeEventListener('keydown', reset)
  }, [fleet])
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
        Skip to the content
      </a>
      <TopBar />
      {mode === 'open' && <Spoken />}
      {mode === 'login' ? <Login where="It is the token of a viewer, or of an operator, of this fleet." says={login} login={(token) => fleet.login(token)} /> : mode === 'open' ? <Current /> : <Without />}
      <footer class="foot">
        <span>Times are UTC, by the clock of the fleet.</span>
        {fleet.state.settings && <span>Argus {fleet.state.settings.fleet_version}</span>}
        {mode === 'open' && <a href="./api/fleet/v1/overview">Overview as JSON</a>}
      </footer>
    </>
  )
}

export function App({ fleet }: { fleet: Fleet }) {
  return (
    <PageContext.Provider value={fleet}>
      <Content />
    </PageContext.Provider>
  )
}
