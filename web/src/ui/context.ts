import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Page, PageState } from '../page'

export const PageContext = createContext<Page | null>(null)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (!page) throw new Error('there is no page')
  return page
}

// useState of the page: the component is drawn again when anything of it changes.
export function usePageState(page: Page): PageState {
  const [, again] = useState(0)
  useEffect(() => page.subscribe(() => again((n) => n + 1)), [page])
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

export function useTitle(): (name: string, labels?: string) => string {
  const page = usePage()
  return (name, labels) => page.state.catalog.title(name, labels)
}
