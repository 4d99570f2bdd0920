import type { Finding, Report, Verdict } from '../data/api'
import { plural, stamp } from './format'

// What is said here is what `argus explain` says, word for word.

export const findingsOf = (r: Report): Finding[] => r.findings ?? []

export function headline(verdict: Verdict, r: Report): string {
  const seen = plural(r.processes, 'process', 'processes')
  const found = plural(findingsOf(r).length, 'finding')
  if (verdict === 'unknown') return 'Cannot tell: no process of a bot was seen.'
  if (verdict === 'affected') return `Users are affected: ${found} in ${seen}.`
  if (verdict === 'look') return `Nobody is affected, but look at ${found} today (${seen}).`
  if (r.checked < r.checks) return `Nothing is wrong in ${seen}, by ${r.checked} of ${r.checks} checks.`
  return `All is well in ${seen}: ${r.checks} checks, nothing found.`
}

// alike groups findings of one kind and cause.
export function alike(findings: readonly Finding[]): Finding[][] {
  const groups: Finding[][] = []
  for (const f of findings) {
    const group = groups.find(([first]) => first && first.id === f.id && first.blame === f.blame && (f.explains ?? []).length === 0)
    if (group) group.push(f)
    else groups.push([f])
  }
  return groups
}

// besides says what else a group is about, by the label in which it differs.
export function besides(group: readonly Finding[]): string {
  const first = group[0]
  if (!first || group.length < 2) return ''
  for (const name of ['shard', 'command', 'cluster', 'instance', 'code', 'hook', 'subsystem']) {
    const values = [...new Set(group.slice(1).map((f) => f.subject[name] ?? ''))].filter((v) => v !== (first.subject[name] ?? ''))
    if (values.length > 0) return ` The same for ${name} ${list(values)}.`
  }
  return ` The same ${group.length - 1} more times.`
}

function list(values: string[]): string {
  const most = 8
  values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  if (values.length <= most) return values.join(', ')
  return `${values.slice(0, most).join(', ')} and ${values.length - most} more`
}

export function ago(s: number): string {
  if (s < 120) return `${Math.round(s)} s ago`
  if (s < 7200) return `${Math.round(s / 60)} min ago`
  return `${(s / 3600).toFixed(1)} h ago`
}

export function since(f: Finding, at: number): string {
  if (f.since === null) return ''
  const from = Date.parse(f.since)
  return `${f.since_before ? 'since before' : 'since'} ${stamp(from)} (${ago((at - from) / 1000)})`
}

const upper = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1)

// origin says since when, and whose fault it is.
export function origin(f: Finding, at: number): string {
  const when = since(f, at)
  if (f.blame === 'unknown') return upper(when)
  return when ? `${upper(when)}, caused by ${f.blame}.` : `Caused by ${f.blame}.`
}

const marker = (f: Finding): string => (f.affects_users ? '!! ' : f.severity === 'info' ? 'i ' : '! ')

function wrap(indent: string, s: string): string[] {
  const width = 80 - indent.length - 3
  const lines: string[] = []
  let line = ''
  for (const word of s.split(/\s+/).filter(Boolean)) {
    if (line !== '' && [...line].length + 1 + [...word].length > width) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  if (line !== '') lines.push(line)
  return lines.map((text, i) => indent + (i > 0 ? '   ' : '') + text)
}

// text is a report as `argus explain` prints it: the worst finding in full, the others
// in a sentence each.
export function text(verdict: Verdict, r: Report): string {
  const at = Date.parse(r.at)
  const lines = wrap('', headline(verdict, r))
  for (const [i, group] of alike(findingsOf(r)).entries()) {
    const f = group[0]
    if (!f) continue
    lines.push('')
    if (i > 0) {
      const when = since(f, at)
      lines.push(...wrap('', `${marker(f)}${f.sentence}${when ? `, ${when}` : ''}.${besides(group)}`))
      continue
    }
    const inner = '   '
    lines.push(...wrap('', `${marker(f)}${f.sentence}.${besides(group)}`), ...wrap(inner, origin(f, at)))
    for (const sentence of [f.cause, f.detail]) if (sentence) lines.push(...wrap(inner, sentence))
    for (const c of f.changed ?? []) lines.push(...wrap(inner, `At that time: ${c.what} (${stamp(Date.parse(c.at))}).`))
    for (const not of f.not ?? []) lines.push(...wrap(inner, not))
    if (f.do) lines.push(...wrap(inner, `Do: ${f.do}`))
    lines.push(`${inner}Runbook: ${f.runbook}`)
    for (const under of alike(f.explains ?? [])) lines.push(...wrap(inner, `Follows from it: ${under[0]?.sentence}.${besides(under)}`))
  }
  for (const [i, gap] of (r.cannot_tell ?? []).entries()) {
    if (i === 0) lines.push('')
    lines.push(...wrap('', `Cannot tell ${gap.what}. ${gap.how}`))
  }
  return `${lines.join('\n')}\n`
}
