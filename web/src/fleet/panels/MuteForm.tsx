import { useEffect, useRef, useState } from 'preact/hooks'
import { failureOf } from '../../data/api'
import { Panel, sentence } from '../../ui/Panel'
import { useFleet } from '../context'
import type { Alert, NewMute } from '../data/api'
import { fleetAddress } from '../data/client'

const lengths: [minutes: number, name: string][] = [
  [30, '30 min'],
  [60, '1 h'],
  [240, '4 h'],
  [720, '12 h'],
  [1440, '24 h'],
  [10080, '7 days'],
]

// MuteForm mutes an alert, and those that are like it in the labels that are chosen. There
// is no mute without an end and a reason.
export function MuteForm({ of, close }: { of: Alert; close: () => void }) {
  const page = useFleet()
  const first = useRef<HTMLSelectElement>(null)
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    const before = document.activeElement
    first.current?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  async function mute(form: FormData): Promise<void> {
    const matchers = Object.entries(of.labels).filter(([name]) => name === 'alertname' || form.has(`label ${name}`)).map(([name, value]) => ({ name, value }))
    const body: NewMute = { matchers, minutes: Number(form.get('minutes')), comment: String(form.get('comment') ?? '').trim() }
    if (body.comment === '') {
      setProblem('Say why, so that others know.')
      return
    }
    setBusy(true)
    try {
      await page.client.send('POST', fleetAddress('mutes'), body)
      page.refresh('alerts')
      page.refresh('overview')
      close()
    } catch (err) {
      setProblem(sentence(failureOf(err)))
      setBusy(false)
    }
  }
  const labels = Object.entries(of.labels).filter(([name]) => name !== 'alertname')
  return (
    <Panel title={`Mute ${of.name}`} class="mute">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void mute(new FormData(event.currentTarget))
        }}
        onKeyDown={(event) => event.key === 'Escape' && close()}
      >
        <fieldset class="labels">
          <legend class="s q">Only those that have</legend>
          {labels.map(([name, value]) => (
            <label key={name}>
              <input type="checkbox" name={`label ${name}`} defaultChecked={name !== 'severity'} /> {name} <b>{value}</b>
            </label>
          ))}
        </fieldset>
        <p class="field">
          <label for="mute-minutes">For</label>
          <select id="mute-minutes" class="btn" name="minutes" ref={first} defaultValue="60">
            {lengths.map(([minutes, name]) => (
              <option key={minutes} value={minutes}>
                {name}
              </option>
            ))}
          </select>
          <label for="mute-comment">Why</label>
          <input id="mute-comment" name="comment" required maxLength={500} autocomplete="off" aria-describedby="mute-says" />
          <button type="submit" class="btn main" disabled={busy}>
            Mute
          </button>
          <button type="button" class="btn" onClick={close}>
            Cancel
          </button>
        </p>
        <p id="mute-says" class="bad says" role="alert">
          {problem}
        </p>
      </form>
    </Panel>
  )
}
