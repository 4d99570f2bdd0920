import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { seconds } from '../text/format'

export interface Column<T> {
  head: ComponentChildren
  title?: string | undefined // of the head
  n?: boolean // a number
  class?: string
  cell: (row: T) => ComponentChildren
  tone?: (row: T) => string // class of the cell
  data?: (row: T) => Record<`data-${string}`, unknown>
  by?: (row: T) => number | null | undefined // what the rows can be sorted by, the largest first
}

// slow is the tone of a duration in s, of the 3 that Discord waits for an answer.
export const slow = (s: number | null | undefined): string => ((s ?? 0) > 3 ? 'bad' : (s ?? 0) > 1 ? 'warn' : '')

// An estimate is a quantile that comes from few buckets. Below the first bound it tells
// nothing, and a null with observations is above the last.
export function estimate(bounds: readonly number[], value: number | null): string {
  const [first, last] = [bounds[0] ?? 0, bounds.at(-1) ?? 0]
  if (value === null) return '–'
  if (value > last) return `>${seconds(last)}`
  return value <= first ? `≤${seconds(first)}` : `≈${seconds(value)}`
}

export const estimated = (series: string): string => `${series}\nEstimated from few buckets`

interface TableProps<T> {
  label: string
  columns: Column<T>[] // the first names the row
  rows: readonly T[]
  keyOf: (row: T) => string
  row?: (row: T) => { class?: string; title?: string }
  class?: string
  title?: string
  cards?: boolean // on a phone the rows are no rows to the browser, so it is told
  few?: { n: number; what: string } // as many rows are shown until more are asked for
  sorted?: string | undefined // head of the column by which the rows are sorted, at first or with onSort always
  onSort?: (head: ComponentChildren) => void
}

export function Table<T>({ label, columns, rows, keyOf, row, class: cls, title, cards, few, sorted, onSort }: TableProps<T>) {
  const [all, setAll] = useState(false)
  const [own, setOwn] = useState<ComponentChildren>(sorted)
  const [head, sort] = onSort ? [sorted, onSort] : [own, setOwn]
  const role = <R extends string>(of: R): R | undefined => (cards ? of : undefined)
  const [first, ...rest] = columns
  const by = columns.find((c) => c.by && c.head === head)?.by
  const list = by ? [...rows].sort((a, b) => (by(b) ?? -1) - (by(a) ?? -1)) : rows
  const more = few ? rows.length - few.n : 0
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls the table */}
      <div class="tw" tabIndex={0} role="region" aria-label={label}>
        <table class={cls} title={title} role={role('table')}>
          <thead>
            <tr role={role('row')}>
              {columns.map((c, i) => (
                <th scope="col" role={role('columnheader')} class={`${c.n ? 'n' : ''} ${c.class ?? ''}`} title={c.title} key={i} aria-sort={by && c.by === by ? 'descending' : undefined}>
                  {c.by ? (
                    <button type="button" class="sort" onClick={() => sort(c.head)}>
                      {c.head}
                    </button>
                  ) : (
                    c.head
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(few && !all ? list.slice(0, few.n) : list).map((r) => (
              <tr key={keyOf(r)} role={role('row')} {...row?.(r)}>
                {first && (
                  <th scope="row" role={role('rowheader')} class={`${first.class ?? ''} ${first.tone?.(r) ?? ''}`}>
                    {first.cell(r)}
                  </th>
                )}
                {rest.map((c, i) => (
                  <td role={role('cell')} class={`${c.n ? 'n' : ''} ${c.class ?? ''} ${c.tone?.(r) ?? ''}`} key={i} {...c.data?.(r)}>
                    {c.cell(r)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {few && more > 0 && <More shown={all} count={more} what={few.what} toggle={() => setAll(!all)} />}
    </>
  )
}

export function More({ shown, count, what, toggle }: { shown: boolean; count: number; what: string; toggle: () => void }) {
  return (
    <button type="button" class="link s" aria-expanded={shown} onClick={toggle}>
      {shown ? `Fewer ${what}` : `${count} more ${what}`}
    </button>
  )
}

// Facts are names and values.
export interface Fact {
  name: string
  value: ComponentChildren
  title?: string | undefined
  tone?: string
}

export function Facts({ rows }: { rows: readonly Fact[] }) {
  return (
    <dl class="facts">
      {rows.map(({ name, value, title, tone }) => [
        <dt key={name}>{name}</dt>,
        <dd key={`${name} value`} title={title} class={tone}>
          {value}
        </dd>,
      ])}
    </dl>
  )
}
