import { useEffect, useRef, useState } from 'preact/hooks'
import { type Choice, complete } from '../data/complete'
import type { Name } from '../data/names'

interface QueryBoxProps {
  text: string
  names: readonly Name[]
  run: (query: string) => void
}

interface List {
  from: number
  choices: Choice[]
  active: number // -1: none
}

const none: List = { from: 0, choices: [], active: -1 }

// A QueryBox completes the names of the catalog. The arrow keys choose, Enter or Tab takes
// what is chosen, and Enter alone runs the query.
export function QueryBox({ text, names, run }: QueryBoxProps) {
  const input = useRef<HTMLInputElement>(null)
  const [list, setList] = useState<List>(none)
  const { choices, active } = list
  useEffect(() => {
    if (input.current) input.current.value = text
  }, [text])

  function suggest(): void {
    const el = input.current
    if (!el) return
    const before = el.value.slice(0, el.selectionStart ?? el.value.length)
    const { from, list: choices } = complete(before, names)
    setList({ from, choices, active: -1 })
  }

  function take(choice: Choice): void {
    const el = input.current
    if (!el) return
    el.setRangeText(choice.text, list.from, el.selectionStart ?? el.value.length, 'end')
    setList(none)
    el.focus()
  }

  function keys(event: KeyboardEvent): void {
    const chosen = choices[active]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (choices.length === 0) return
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      const to = active < 0 && step < 0 ? choices.length - 1 : (active + step + choices.length) % choices.length
      setList({ ...list, active: to })
    } else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) {
      event.preventDefault()
      take(chosen)
    } else if (event.key === 'Escape' && choices.length > 0) {
      event.preventDefault()
      setList(none)
    }
  }

  return (
    <form
      class="field querybox"
      onSubmit={(event) => {
        event.preventDefault()
        setList(none)
        run(input.current?.value.trim() ?? '')
      }}
    >
      <div class="combo">
        <input
          id="query"
          ref={input}
          type="text"
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={choices.length > 0}
          aria-controls="query-choices"
          aria-activedescendant={active >= 0 ? `query-choice-${active}` : undefined}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={4000}
          placeholder="sum by (cluster) (rate(discord_interactions_total[5m]))"
          onInput={suggest}
          onKeyDown={keys}
          onBlur={() => setList(none)}
        />
        <div id="query-choices" class="choices" role="listbox" aria-label="Names" hidden={choices.length === 0}>
          {choices.map((c, i) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the box
            <div
              id={`query-choice-${i}`}
              key={c.text}
              role="option"
              tabIndex={-1}
              aria-selected={i === active}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(c)}
            >
              <code>{c.text}</code> <span class="s q">{c.says}</span>
            </div>
          ))}
        </div>
      </div>
      <button type="submit" class="btn main">
        Run
      </button>
    </form>
  )
}
