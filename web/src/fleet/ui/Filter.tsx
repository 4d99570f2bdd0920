import { useFleet } from '../context'

interface FilterProps {
  of: string // what is filtered
  hint?: string
  options?: { name: string; all: string; values: readonly [value: string, word: string][]; chosen: string; choose: (value: string) => void }
  found: string // how many there are
}

// A Filter has its text in the address.
export function Filter({ of, hint, options, found }: FilterProps) {
  const page = useFleet()
  return (
    <div class="filter" role="search" aria-label={`Filter ${of}`}>
      <input class="find" type="search" aria-label={`Find ${of}`} placeholder={hint ?? `find ${of}`} value={page.state.place.find} onInput={(e) => page.go({ find: e.currentTarget.value.slice(0, 200) })} />
      {options && (
        <select class="btn" aria-label={options.name} value={options.chosen} onChange={(e) => options.choose(e.currentTarget.value)}>
          <option value="">{options.all}</option>
          {options.values.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      )}
      <span class="s q" role="status">
        {found}
      </span>
    </div>
  )
}
