import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { failureOf } from '../../data/api'
import type { Loaded } from '../../data/loader'
import type { Span } from '../../data/windows'
import { useFleet } from '../context'
import type { EventWindow } from '../data/api'
import { spanOf, type View } from './view'

export interface Here {
  view: View
  bot: string // that is shown
  go: (change: Partial<View>) => void
  zoom: (span: Span | null) => void
}

export const HereContext = createContext<Here | null>(null)

export function useHere(): Here {
  const here = useContext(HereContext)
  if (!here) throw new Error('there is no view')
  return here
}

export type Parameters = Record<string, string | number | null | undefined>

// addressOf is that of an answer. An empty text is a value: null is none.
export function addressOf(path: string, parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return `./api/fleet/v1/events/${path}${text ? `?${text}` : ''}`
}

const patience = 12_000 // ms; the server gives up before
const every = 60_000
const again = 10_000

// useAnswer asks a question, again each minute while somebody looks, and at once when it is
// another. Without parameters it asks nothing.
export function useAnswer<T extends { at: string }>(path: string, parameters: Parameters | null, view: View | null): Loaded<T> {
  const page = useFleet()
  const known = page.state.docs.overview.at > 0 // and with it the time of the server
  const key = JSON.stringify([path, parameters, view && [view.window, view.last, view.view]])
  const [loaded, load] = useState<Loaded<T> & { key: string }>({ key: '', value: null, at: 0, failure: null })
  useEffect(() => {
    if (!known || parameters === null) return
    const abort = new AbortController()
    let timer = 0
    const ask = async (): Promise<void> => {
      let wait = every
      try {
        const value = await page.client.get<T>(addressOf(path, { ...parameters, ...(view && spanOf(view, page.now())) }), abort.signal, patience)
        if (!abort.signal.aborted) load({ key, value, at: Date.parse(value.at), failure: null })
      } catch (err) {
        const failure = failureOf(err)
        if (!abort.signal.aborted) load((l) => ({ ...(l.key === key ? l : { value: null, at: 0 }), key, failure }))
        wait = failure.status >= 400 && failure.status < 500 ? every : again
      } finally {
        if (!abort.signal.aborted) timer = window.setTimeout(next, wait)
      }
    }
    // Nobody looks at a page that is hidden: it asks when it is shown.
    const next = (): void => {
      if (!document.hidden) void ask()
      else document.addEventListener('visibilitychange', next, { once: true, signal: abort.signal })
    }
    void ask()
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [key, known])
  return loaded.key === key ? loaded : { value: null, at: 0, failure: null }
}

// useFigures asks the question that a page is about: the page is as old as its answer.
export function useFigures<T extends { at: string }>(path: string, parameters: Parameters | null, view: View | null): Loaded<T> {
  const page = useFleet()
  const answer = useAnswer<T>(path, parameters, view)
  const { at, failure } = answer
  useEffect(() => page.show(at > 0 ? { at, failure } : null), [at, failure])
  useEffect(() => () => page.show(null), [])
  return answer
}

// sameWindow are the parameters for the same answer as a file.
export const sameWindow = ({ bot, from, to }: EventWindow): Parameters => ({ bot: bot === '' ? null : bot, from, to })

export const botOf = (bot: string): string | null => (bot === '' ? null : bot)
