import { useState } from 'preact/hooks'
import type { Span } from '../../data/windows'
import { day, minute, span } from '../../text/format'
import type { EventWindow } from '../data/api'
import { useHere } from './host'
import { type Length, lengthOf, lengths, type View, wholeOf } from './view'

const names: Record<Length, string> = { '1h': '1 h', '6h': '6 h', '24h': '24 h', '7d': '7 d', '30d': '30 d', '90d': '90 d', '1y': '1 y' }
const most = 731 * 86400

// field writes a time as an input of type datetime-local has it.
const field = (s: number): string => new Date(s * 1000).toISOString().slice(0, 16)
const secondsOf = (text: string): number => Date.parse(`${text}Z`) / 1000

function problemOf(from: number, to: number): string {
  if (Number.isNaN(from) || Number.isNaN(to)) return 'Both times are needed.'
  if (from >= to) return 'The begin is not before the end.'
  return to - from > most ? 'A window has at most 731 days.' : ''
}

function Own({ of, done }: { of: Span; done: () => void }) {
  const { go } = useHere()
  const [problem, setProblem] = useState('')
  return (
    <form
      class="own"
      onSubmit={(e) => {
        e.preventDefault()
        const data = new FormData(e.currentTarget)
        const [from, to] = [secondsOf(String(data.get('from'))), secondsOf(String(data.get('to')))]
        const wrong = problemOf(from, to)
        setProblem(wrong)
        if (wrong) return
        go({ window: { from, to } })
        done()
      }}
    >
      <label>
        From <input type="datetime-local" name="from" defaultValue={field(of.from)} />
      </label>
      <label>
        to <input type="datetime-local" name="to" defaultValue={field(of.to)} />
      </label>
      <span class="s q">UTC</span>
      <button type="submit" class="btn">
        Show
      </button>
      <span class="s bad" role="status">
        {problem}
      </span>
    </form>
  )
}

// Picker chooses the window.
export function Picker({ now }: { now: number }) {
  const { view, go } = useHere()
  const [open, setOpen] = useState(false)
  const end = Math.floor(now / 1000)
  return (
    <>
      <fieldset class="seg range">
        <legend class="vh">Window</legend>
        {(Object.keys(names) as Length[]).map((last) => (
          <button
            type="button"
            key={last}
            aria-pressed={view.window === null && lengthOf(view) === last}
            onClick={() => {
              setOpen(false)
              go({ last, window: null })
            }}
          >
            {names[last]}
          </button>
        ))}
        <button type="button" aria-pressed={view.window !== null} aria-expanded={open} onClick={() => setOpen(!open)}>
          From…
        </button>
      </fieldset>
      {open && <Own key={JSON.stringify(view.window)} of={view.window ?? { from: end - lengths[lengthOf(view)], to: end }} done={() => setOpen(false)} />}
    </>
  )
}

// lengthName says how long a window is, as in "in 24 h".
export function lengthName(view: View, of: EventWindow, at: string): string {
  if (view.window) return 'in this window'
  return `in ${wholeOf(view) ? names[lengthOf(view)] : span((Math.min(Date.parse(of.to), Date.parse(at)) - Date.parse(of.from)) / 1000)}`
}

// notOver reports whether a time had not yet come when an answer was made.
export const notOver = (time: string, at: string): boolean => Date.parse(time) > Date.parse(at)

const own = Intl.DateTimeFormat().resolvedOptions().timeZone

// clockOf writes a time, in a zone of its own if one is given.
function clockOf(ms: number, zone: string): string {
  if (zone === 'UTC') return `${day(ms)} ${minute(ms)}`
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }).formatToParts(ms).map((p) => [p.type, p.value]))
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`
}

// WindowSays is the window that was used, in UTC as all of the page, and by the clock of
// who looks at it. It ends at the latest when the answer was made.
export function WindowSays({ of, at }: { of: EventWindow; at: string }) {
  const from = Date.parse(of.from)
  const to = notOver(of.to, at) ? Math.max(Date.parse(at), from) : Date.parse(of.to)
  const zones = ['UTC', 'Etc/UTC', 'Etc/GMT', 'GMT'].includes(own) ? ['UTC'] : ['UTC', own]
  return (
    <>
      {zones.map((zone, i) => (
        <span key={zone}>
          {i > 0 && <br />}
          {clockOf(from, zone)} to {clockOf(to, zone)} {zone}
        </span>
      ))}
    </>
  )
}
