import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Finding, Report, Verdict } from '../data/api'
import { besides } from '../text/explain'
import { moment, span } from '../text/format'
import { useHost, useTick } from './context'
import { Icon, type IconName } from './Icon'

const badges: Record<Verdict, { class: string; icon: IconName; word: string }> = {
  affected: { class: 'bad', icon: 'bad', word: 'Users are affected' },
  look: { class: 'warn', icon: 'warn', word: 'Needs attention' },
  calm: { class: 'ok', icon: 'ok', word: 'All is well' },
  unknown: { class: 'off', icon: 'unknown', word: 'Cannot tell' },
}

const severity = (of: Finding['severity']): { class: string; icon: IconName; word: string } =>
  of === 'critical' ? { class: 'bad', icon: 'bad', word: 'Critical' } : of === 'warning' ? { class: 'warn', icon: 'warn', word: 'Warning' } : { class: 'off', icon: 'unknown', word: 'Info' }

// moodOf is the class of a verdict. It is green only if every check could be made.
export const moodOf = (shown: Verdict, r: Report): string => (shown === 'affected' ? 'is-bad' : shown === 'look' ? 'is-warn' : shown === 'calm' && r.checked === r.checks ? 'is-ok' : '')

export function VerdictBadge({ shown, report }: { shown: Verdict; report: Report }) {
  const badge = badges[shown]
  const grey = shown === 'calm' && report.checked < report.checks
  return (
    <span class={`badge ${grey ? 'off' : badge.class}`}>
      <Icon name={grey ? 'unknown' : badge.icon} />
      {grey ? 'Nothing is wrong' : badge.word}
    </span>
  )
}

export function SeverityBadge({ of }: { of: Finding['severity'] }) {
  const s = severity(of)
  return (
    <span class={`badge ${s.class}`}>
      <Icon name={s.icon} />
      {s.word}
    </span>
  )
}

// Since is since when a finding is there, and for how long.
export function Since({ f }: { f: Finding }) {
  const page = useHost()
  useTick(1_000)
  if (f.since === null) return null
  const from = Date.parse(f.since)
  return (
    <>
      {' '}
      {f.since_before ? 'since before' : 'since'} {moment(from, page.now())}, for {span((page.now() - from) / 1000)}
    </>
  )
}

// Worst is the first of the findings, in full. A group has findings of one kind.
export function Worst({ group }: { group: readonly Finding[] }) {
  const page = useHost()
  const f = group[0]
  if (!f) return null
  return (
    <>
      <h1>
        <em>{f.sentence}</em>
        <Since f={f} />.{besides(group)}
      </h1>
      <p class="why">
        {f.blame !== 'unknown' && <b>Caused by {f.blame}. </b>}
        {[f.cause, f.detail].filter(Boolean).join(' ')}
        {(f.changed ?? []).map((c) => ` At that time: ${c.what} (${moment(Date.parse(c.at), page.now())}).`)}
      </p>
      {f.do && (
        <p class="why">
          <b>Do:</b> {f.do}
        </p>
      )}
      {(f.not ?? []).length > 0 && (
        <ul class="not s m">
          {f.not?.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      )}
    </>
  )
}

export function Evidence({ f }: { f: Finding }) {
  const list = f.evidence ?? []
  if (list.length === 0) return null
  return (
    <details class="more">
      <summary>Evidence</summary>
      <ul class="evidence s">
        {list.map((e, i) => (
          <li key={i}>
            <span>
              {e.says}: <b>{e.value === null ? '?' : Number(e.value.toPrecision(4)).toLocaleString('en-US')}</b>
            </span>
            <code>{e.query}</code>
          </li>
        ))}
      </ul>
    </details>
  )
}

export function Cannot({ gaps }: { gaps: Report['cannot_tell'] }) {
  if (!gaps?.length) return null
  return (
    <ul class="cannot s q">
      {gaps.map((g) => (
        <li key={g.what}>
          <Icon name="unknown" /> Cannot tell {g.what}. {g.how}
        </li>
      ))}
    </ul>
  )
}

// Copyable is text for a chat, to be copied by a button or by hand.
export function Copyable({ all, children }: { all: string; children?: ComponentChildren }) {
  const [copied, setCopied] = useState('')
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(all)
      setCopied('Copied.')
    } catch {
      setCopied('The browser does not allow it here: select the text and copy it.')
    }
    setTimeout(() => setCopied(''), 5_000)
  }
  return (
    <details class="copy">
      <summary>Copy as text</summary>
      <p class="acts">
        <button type="button" class="btn" onClick={() => void copy()}>
          Copy
        </button>
        {children}
        <span class="s q" role="status">
          {copied}
        </span>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard selects and scrolls the text */}
      <pre tabIndex={0}>{all}</pre>
    </details>
  )
}
