import type { ComponentChildren } from 'preact'
import { plural, ratio } from '../../text/format'
import { Icon } from '../../ui/Icon'
import type { EventWindow } from '../data/api'
import { failed, inTime, type Judged, nameOf, type Tally } from './judge'
import { lengthName, WindowSays } from './Picker'
import type { View } from './view'

interface VerdictProps {
  tone?: 'bad' | 'warn' | ''
  lead?: ComponentChildren // before the sentence
  why?: ComponentChildren
  answer: { window: EventWindow; at: string } | null // null while there is none
  children: ComponentChildren // the sentence
}

// A Verdict is what a page says in a sentence, and of which window.
export function Verdict({ tone = '', lead = <span />, why, answer, children }: VerdictProps) {
  return (
    <section class="board">
      <div class={`panel verdict ${tone && `is-${tone}`}`}>
        <div class="line">
          {lead}
          <div>
            <h1>{children}</h1>
            {why && <p class="why">{why}</p>}
          </div>
          {answer && (
            <span class="src window">
              <WindowSays of={answer.window} at={answer.at} />
            </span>
          )}
        </div>
      </div>
    </section>
  )
}

export const worseBadge = (
  <span class="badge bad">
    <Icon name="bad" />
    Worse
  </span>
)

// Because says why a command is judged as it is.
export function Because({ of: j, colon = false }: { of: Judged; colon?: boolean }) {
  return (
    <>
      <b>
        <bdi>{nameOf(j.name)}</bdi>
      </b>
      {colon && ':'} {j.judgement.why.join(', ')}.{' '}
    </>
  )
}

// ran says how many runs there were in a window, and how they went.
export function ran(of: Tally, view: View, d: { window: EventWindow; at: string }, none = 'no runs'): string {
  const length = lengthName(view, d.window, d.at)
  if (of.runs === 0) return `${none} ${length}`
  return `${plural(of.runs, 'run')} ${length}, ${ratio(failed(of))} failed, ${inTime(of) === null ? 'in time unknown' : `${ratio(inTime(of))} in time`}`
}
