import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import type { Failure } from '../data/api'
import type { Loaded } from '../data/loader'
import { span } from '../text/format'
import { useHost, useTick } from './context'
import { Icon } from './Icon'

interface PanelProps {
  title: ComponentChildren
  note?: ComponentChildren
  right?: ComponentChildren
  class?: string
  id?: string
  children?: ComponentChildren
}

export function Panel({ title, note, right, class: cls = '', id, children }: PanelProps) {
  const heading = useId()
  return (
    <section class={`panel ${cls}`} aria-labelledby={heading} id={id}>
      <div class="h">
        <h2 id={heading}>{title}</h2>
        {note && <span class="s q">{note}</span>}
        {right && <span class="r s q">{right}</span>}
      </div>
      {children}
    </section>
  )
}

// Age is how old a number is, by the server's clock. It counts on.
export function Age({ at }: { at: number }) {
  const page = useHost()
  useTick(1_000)
  if (!at) return null
  return <>{span(Math.max(page.now() - at, 0) / 1000)} ago</>
}

export function Empty({ says, how }: { says: string; how?: ComponentChildren }) {
  return (
    <div class="void">
      <p class="b">{says}</p>
      {how && <p class="s q">{how}</p>}
    </div>
  )
}

export function Unknown({ how }: { how: ComponentChildren }) {
  return (
    <div class="void">
      <p class="b">
        <Icon name="unknown" /> Cannot tell
      </p>
      <p class="s q">{how}</p>
    </div>
  )
}

export function Broken({ failure }: { failure: Failure }) {
  return (
    <div class="void">
      <p class="b bad">
        <Icon name="bad" /> This could not be loaded
      </p>
      <p class="s q">{sentence(failure)} The page tries again by itself.</p>
    </div>
  )
}

export const sentence = (f: Failure): string => `${f.message.charAt(0).toUpperCase()}${f.message.slice(1)}${/[.!?]$/.test(f.message) ? '' : '.'}`

// Skeleton is there after 200 ms, so that what is quick does not flicker.
export function Skeleton() {
  const [shown, show] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => show(true), 200)
    return () => clearTimeout(timer)
  }, [])
  if (!shown) return <div class="skeletons" />
  return (
    <div class="skeletons" role="status">
      <span class="vh">Loading</span>
      <div class="skel w1" />
      <div class="skel w2" />
      <div class="skel w3" />
    </div>
  )
}

// Having draws a document if it is there, or says why it is not.
export function Having<T>({ of, children }: { of: Loaded<T> | undefined; children: (value: T) => ComponentChildren }) {
  if (of?.value !== null && of?.value !== undefined) return <>{children(of.value)}</>
  if (of?.failure) return <Broken failure={of.failure} />
  return <Skeleton />
}
