import type { Budgets, Identity, Report, Shard, Shards, Snapshot, Status, Step, Verdict } from './api'

// A Known shard is as the process described it at a time.
export interface Known extends Shard {
  at: number
}

// A Picture is what the page knows of the process now.
export interface Picture {
  identity: Identity
  verdict: Verdict
  at: number // by the server's clock, in ms
  report: Report
  shards: Known[]
  budgets: Budgets
}

export const time = (text: string): number => Date.parse(text)

const order = (a: Shard, b: Shard): number => (Number(a.shard) || 0) - (Number(b.shard) || 0) || a.shard.localeCompare(b.shard)

export function fromSnapshot(s: Snapshot): Picture {
  const at = time(s.at)
  return { identity: s.identity, verdict: s.verdict, at, report: s.report, shards: s.shards.map((shard) => ({ ...shard, at })), budgets: s.budgets }
}

export function fromDocuments(status: Status, shards: Shards, budgets: Budgets): Picture {
  const at = time(shards.at)
  return {
    identity: status.identity,
    verdict: status.verdict,
    at: Math.max(time(status.report.at), at, time(budgets.at)),
    report: status.report,
    shards: shards.shards.map((shard) => ({ ...shard, at })),
    budgets,
  }
}

export function advance(p: Picture, step: Step): Picture {
  const at = time(step.at)
  const changed = new Map(step.shards.map((shard) => [shard.shard, shard]))
  const gone = new Set(step.gone)
  const shards: Known[] = []
  for (const shard of p.shards) {
    if (gone.has(shard.shard)) continue
    const now = changed.get(shard.shard)
    changed.delete(shard.shard)
    // A shard that is not among the changed ones is as it was, also in its ages.
    shards.push(now ? { ...now, at } : { ...shard, at })
  }
  if (changed.size > 0) {
    for (const shard of changed.values()) shards.push({ ...shard, at })
    shards.sort(order)
  }
  return {
    identity: step.identity,
    verdict: step.verdict,
    at,
    report: step.report ?? { ...p.report, at: step.at },
    shards,
    budgets: step.budgets,
  }
}
