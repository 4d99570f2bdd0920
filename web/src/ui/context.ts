import { createContext } from 'preact'
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks'
import type { Page, PageState } from '../page'
import { seconds } from '../text/format'

export const PageContext = createContext<Page | null>(null)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (!page) throw new Error('there is no page')
  return page
}

// useState of the page: the component is drawn again when anything of it changes.
export function usePageState(page: Page): PageState {
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
export function useStale(page: Page): boolean {
  const [, set] = useState(page.stale())
  useEffect(() => {
    const timer = setInterval(() => set(page.stale()), 1_000)
    return () => clearInterval(timer)
  }, [page])
  return page.stale()
}

// useQuantile writes a quantile of a histogram, which may lie above its last bound.
export function useQuantile(): (name: string, value: number | null | undefined) => string {
  const page = usePage()
  return (name, value) => (value === null || value === undefined ? '–' : `${page.state.catalog.above(name, value) ? '≥' : ''}${seconds(value)}`)
}

export function useTitle(): (name: string, labels?: string) => string {
  const page = usePage()
  return (name, labels) => page.state.catalog.title(name, labels)
}
