import type { Name } from './names'

export interface Choice {
  text: string
  says: string
}

export interface Choices {
  from: number // of the part of the text that a choice takes the place of
  list: Choice[]
}

const most = 12

const functions: [name: string, says: string][] = [
  ['avg', 'Mean over series'],
  ['avg_over_time', 'Mean over a range'],
  ['bottomk', 'The series with the least values'],
  ['changes', 'Number of changes in a range'],
  ['count', 'Number of series'],
  ['histogram_quantile', 'Quantile of buckets'],
  ['increase', 'Increase of a counter in a range'],
  ['max', 'Greatest over series'],
  ['max_over_time', 'Greatest in a range'],
  ['min', 'Least over series'],
  ['min_over_time', 'Least in a range'],
  ['quantile', 'Quantile over series'],
  ['rate', 'Increase of a counter per second in a range'],
  ['resets', 'Resets of a counter in a range'],
  ['sum', 'Sum over series'],
  ['time', 'Time of the evaluation'],
  ['topk', 'The series with the greatest values'],
]

// matching has those that begin with a word first, and then those that contain it.
function matching(all: readonly Choice[], word: string): Choice[] {
  const lower = word.toLowerCase()
  const begin = all.filter((c) => c.text.toLowerCase().startsWith(lower))
  const rest = lower === '' ? [] : all.filter((c) => !begin.includes(c) && c.text.toLowerCase().includes(lower))
  return [...begin, ...rest].slice(0, most)
}

// complete lists what may follow at the end of a text: names of series and functions, and
// within braces labels and their values. It lists nothing for a word that is complete.
export function complete(before: string, names: readonly Name[]): Choices {
  const inBraces = /([a-zA-Z_:][\w:]*)?\s*\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*(?:"[^"]*)?)$/.exec(before)
  if (inBraces) {
    const name = names.find((n) => n.name === inBraces[1])
    const value = /(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)$/.exec(inBraces[2] ?? '')
    if (value) {
      const [, label = '', word = ''] = value
      const list = (name?.labels[label] ?? []).map((text) => ({ text, says: '' }))
      return { from: before.length - word.length, list: done(matching(list, word), word) }
    }
    const word = /(?:^|,)\s*(\w*)$/.exec(inBraces[2] ?? '')?.[1]
    if (word === undefined) return { from: before.length, list: [] }
    const labels = name ? Object.keys(name.labels) : [...new Set(names.flatMap((n) => Object.keys(n.labels)))].sort()
    return { from: before.length - word.length, list: done(matching(labels.map((text) => ({ text, says: '' })), word), word) }
  }
  const word = /[a-zA-Z_:][\w:]*$/.exec(before)?.[0] ?? ''
  if (word === '') return { from: before.length, list: [] }
  const all = [...names.map((n) => ({ text: n.name, says: n.description })), ...functions.map(([text, says]) => ({ text, says }))]
  return { from: before.length - word.length, list: done(matching(all, word), word) }
}

const done = (list: Choice[], word: string): Choice[] => (list.length === 1 && list[0]?.text === word ? [] : list)
