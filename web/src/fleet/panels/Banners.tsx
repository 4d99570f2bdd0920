import { moment, span } from '../../text/format'
import { useTick } from '../../ui/context'
import { Icon } from '../../ui/Icon'
import { sentence } from '../../ui/Panel'
import { useFleet } from '../context'
import type { Source } from '../data/api'

const kinds: Record<Source['kind'], string> = { push: 'Push', prometheus: 'Prometheus' }

function SourceBanner({ of }: { of: Source }) {
  const page = useFleet()
  const since = of.since === null ? '' : ` since ${moment(Date.parse(of.since), page.now())} UTC, for ${span((page.now() - Date.parse(of.since)) / 1000)}`
  return (
    <div class={`banner ${of.state === 'failed' ? 'bad' : ''}`}>
      <Icon name={of.state === 'failed' ? 'bad' : 'warn'} />
      <span>
        {kinds[of.kind]} {of.name} {of.state === 'failed' ? 'has not answered' : 'has given nothing new'}
        {since}.
      </span>
      <span class="s">{of.error ? `${of.error}. ` : ''}What comes from it is as old as that.</span>
    </div>
  )
}

// Banners say what is not as it seems: old data, and sources that are away.
export function Banners() {
  const page = useFleet()
  useTick(1_000)
  const { docs, figures, nextTry } = page.state
  const { value } = docs.overview
  const { at, failure } = page.shown
  if (!value) return null
  const wait = nextTry > 0 && !figures ? Math.max(Math.ceil((nextTry - performance.now()) / 1000), 0) : 0
  return (
    <>
      {page.stale() && (
        <div class="banner">
          <Icon name="warn" />
          <span>
            Stale: the data is of {moment(at, page.now())} UTC, {span(page.age() / 1000)} ago.
          </span>
          <span class="s">
            {failure ? `${sentence(failure)} ${wait > 0 ? `Trying again in ${wait} s.` : 'Trying again.'}` : figures ? 'Asking again.' : 'The fleet answers, but gets nothing new.'} The numbers below are of that time.
          </span>
        </div>
      )}
      {value.sources.filter((s) => s.state !== 'ok').map((s) => <SourceBanner key={`${s.kind} ${s.name}`} of={s} />)}
    </>
  )
}
