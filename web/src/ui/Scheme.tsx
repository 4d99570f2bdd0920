import { useEffect, useState } from 'preact/hooks'

const schemes = ['auto', 'light', 'dark'] as const
type Scheme = (typeof schemes)[number]

const stored = (): Scheme => {
  try {
    const scheme = localStorage.getItem('argus-scheme')
    return scheme === 'light' || scheme === 'dark' ? scheme : 'auto'
  } catch {
    return 'auto' // the browser stores nothing
  }
}

export function applyScheme(scheme: Scheme = stored()): void {
  if (scheme === 'auto') delete document.documentElement.dataset.scheme
  else document.documentElement.dataset.scheme = scheme
}

export function SchemeSwitch() {
  const [scheme, set] = useState<Scheme>(stored)
  useEffect(() => {
    applyScheme(scheme)
    try {
      localStorage.setItem('argus-scheme', scheme)
    } catch {
      // The choice lasts as long as the page.
    }
    dispatchEvent(new CustomEvent('argus-scheme'))
  }, [scheme])
  return (
    <fieldset class="seg hide">
      <legend class="vh">Colour scheme</legend>
      {schemes.map((name) => (
        <label key={name}>
          <input class="vh" type="radio" name="scheme" value={name} checked={scheme === name} onChange={() => set(name)} />
          {name.charAt(0).toUpperCase() + name.slice(1)}
        </label>
      ))}
    </fieldset>
  )
}
