import { createContext } from 'preact'
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks'
import type { Catalog } from '../data/settings'
import type { Span } from '../data/windows'
import type { Page } from '../page'
import { seconds } from '../text/format'

// A Host is what the shared components are on: the page of a process, or a fleet's.
export interface Host {
  readonly state: { readonly catalog: Catalog }
  subscribe(listener: () => void): () => void
  now(): number // the time that what is shown is about, in ms since 1970
  stale(): boolean
  zoom(span: Span | null): void // s since 1970
}

export const PageContext = createContext<Host | null>(null)

export function useHost(): Host {
  const host = useContext(PageContext)
  if (!host) throw new Error('there is no page')
  return host
}

export const usePage = (): Page => useHost() as Page

// usePageState draws the component again when anything of the page changes.
export function usePageState<S>(page: { readonly state: S } & Pick<Host, 'subscribe'>): S {
  const [, again] = useState(0)
  // Before anything is awaited: an effect would miss what comes before the first frame.
  useLayoutEffect(() => page.subscribe(() => again((n) => n + 1)), [page])
  return page.state
}

// useTick draws a component again every so many ms.
export function useTick(ms: number): void {
  const [, again] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => again((n) => n + 1), ms)
    return () => clearInterval(timer)
  }, [ms])
}

// useStale draws a component again when the page becomes stale, or is no longer.
export function useStale(page: Pick<Host, 'stale'>): boolean {
  const [, set] = useState(page.stale())
  useEffect(() => {
    const timer = setInterval(() => set(page.stale()), 1_000)
    return () => clearInterval(timer)
  }, [page])
  return page.stale()
}

// useQuantile writes a quantile of a histogram, which may lie above its last bound.
export function useQuantile(): (name: string, value: number | null | undefined) => string {
  const page = useHost()
  return (name, value) => (value === null || value === undefined ? '–' : `${page.state.catalog.above(name, value) ? '≥' : ''}${seconds(value)}`)
}

export function useTitle(): (name: string, labels?: string) => string {
  const page = useHost()
  return (name, labels) => page.state.catalog.title(name, labels)
}
