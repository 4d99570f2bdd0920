import type { Alert, Alerts, Bot, Cluster, ClusterDetail, Event, Finding, History, Member, Members, Mute, Overview, Region, Report, Shard, ShardOf, SlowTrace, Source, Sparks, Timeline } from '../../src/fleet/data/api'

// A Night is what a fleet may be like. Its documents agree with one another.
export type Name = 'calm' | 'bad' | 'large' | 'empty' | 'away' | 'single' | 'two'

const minute = 60_000
const hour = 60 * minute

// random gives the same numbers in each run.
function random(seed: number): () => number {
  let n = seed
  return () => {
    n = (Math.imul(n, 1664525) + 1013904223) >>> 0
    return n / 2 ** 32
  }
}

const book = (id: string): string => `https://github.com/argus-dgo/argus/blob/main/docs/runbooks/${id}.md`
const iso = (ms: number): string => new Date(ms).toISOString()

const finding = (f: Partial<Finding> & Pick<Finding, 'id' | 'sentence'>): Finding => ({
  severity: 'warning', affects_users: false, subject: {}, since: null, blame: 'unknown', runbook: book(f.id), cost_per_minute: null, ...f,
})

interface Shape {
  regions: [name: string | null, prefix: string, from: number, n: number][]
  shards: number // of a cluster
  job: string
  bot: string | null
}

const shapes: Record<Name, Shape[]> = {
  calm: [{ regions: [['eu-central', 'eu-', 0, 4], ['us-east', 'us-', 4, 4]], shards: 16, job: 'mybot', bot: null }],
  bad: [{ regions: [['eu-central', 'eu-', 0, 40], ['us-east', 'us-', 40, 40], ['ap-south', 'ap-', 80, 20]], shards: 16, job: 'mybot', bot: null }],
  large: [{ regions: [['eu-central', 'eu-', 0, 400], ['us-east', 'us-', 400, 400], ['ap-south', 'ap-', 800, 200]], shards: 16, job: 'mybot', bot: null }],
  empty: [],
  away: [{ regions: [['eu-central', 'eu-', 0, 4]], shards: 16, job: 'mybot', bot: null }],
  single: [{ regions: [[null, 'music-', 0, 3]], shards: 4, job: 'music', bot: null }],
  two: [
    { regions: [['eu-central', '', 0, 2]], shards: 2, job: 'bots', bot: 'music' },
    { regions: [['eu-central', '', 0, 2]], shards: 2, job: 'bots', bot: 'mod' },
  ],
}

const name = (prefix: string, n: number): string => `${prefix}${String(n).padStart(2, '0')}`

export class Night {
  readonly start = Date.now()
  mutes: Mute[] = []
  forgotten = new Set<string>()

  constructor(readonly name: Name) {}

  // at is the time of the data: a report comes every 5 s, unless the source is away.
  get at(): number {
    return this.name === 'away' ? this.start - 192_000 : Math.floor(Date.now() / 5_000) * 5_000
  }

  private head(): { version: 1; at: string; now: string; sources: Source[] } {
    const away: Source = { kind: 'prometheus', name: 'http://prometheus.example:9090', state: 'failed', since: iso(this.start - 192_000), error: 'connection refused' }
    const ok: Source = { kind: 'push', name: 'OTLP', state: 'ok', since: iso(this.start - 4 * hour), error: null }
    return { version: 1, at: iso(this.at), now: iso(Date.now()), sources: this.name === 'empty' ? [ok] : [this.name === 'away' ? away : ok] }
  }

  private clusters(): Cluster[] {
    const rnd = random(7)
    const list: Cluster[] = []
    for (const shape of shapes[this.name]) {
      let first = 0
      for (const [region, prefix, from, n] of shape.regions) {
        for (let i = from; i < from + n; i++) {
          const few = rnd() * 0.003
          const c: Cluster = {
            job: shape.job, bot: shape.bot, region, cluster: name(prefix, i), number: i - from, state: 'up', severity: null, since: iso(this.start - 3 * hour), last_report_at: iso(this.at - Math.floor(rnd() * 10) * 1000),
            shards: { up: shape.shards, total: shape.shards, ids: `${first}-${first + shape.shards - 1}` },
            failures_per_minute: few * 180, failure_ratio: few, answer_p95_seconds: 0.29 + rnd() * 0.04, rate_limits_per_minute: Math.floor(rnd() * 3), guilds: 20_000 + Math.floor(rnd() * 900),
            version: 'v2.13.4', instance: `b09a7f31-0000-4000-8000-${String(i).padStart(12, '0')}`, started_at: iso(this.start - 72 * hour),
          }
          first += shape.shards
          if (this.name === 'bad' || this.name === 'large') this.worsen(c, i, rnd)
          if (!this.forgotten.has(c.cluster)) list.push(c)
        }
      }
    }
    const weight: Record<string, number> = { critical: 2, warning: 1 }
    return list.sort((a, b) => (b.failures_per_minute ?? -1) - (a.failures_per_minute ?? -1) || (weight[b.severity ?? ''] ?? 0) - (weight[a.severity ?? ''] ?? 0))
  }

  private worsen(c: Cluster, i: number, rnd: () => number): void {
    if (i < 37) {
      Object.assign(c, { version: 'v2.14.0', instance: `7c1e40d2-0000-4000-8000-${String(i).padStart(12, '0')}`, started_at: iso(this.start - 35 * minute), since: iso(this.start - 30 * minute) })
      if (i < 35) {
        const ratio = 0.33 + rnd() * 0.03
        Object.assign(c, { state: 'late', severity: 'critical', failure_ratio: ratio, failures_per_minute: ratio * 185, answer_p95_seconds: 3.3 })
      } else Object.assign(c, { failure_ratio: 0.041, failures_per_minute: 7.4 })
    }
    if (i === 7) Object.assign(c, { shards: { up: 13, total: 16, ids: '112-127' }, failures_per_minute: 83 })
    if (i >= 21 && i <= 23) Object.assign(c, { state: 'gone', severity: 'critical', failures_per_minute: 178, since: iso(this.start - 244_000), last_report_at: iso(this.start - 244_000) })
    if (i === 66) Object.assign(c, { state: 'twice', severity: 'critical', failure_ratio: 0.016, failures_per_minute: 3 })
    if (i === 74) Object.assign(c, { state: 'twice', severity: 'critical', failures_per_minute: 1 })
    if (i === 88) Object.assign(c, { state: 'unknown', failure_ratio: null, failures_per_minute: null, answer_p95_seconds: null, rate_limits_per_minute: null, guilds: null })
  }

  private findings(): Finding[] {
    if (this.name !== 'bad' && this.name !== 'large') return []
    return [
      finding({
        id: 'DiscordAckBudgetBurnsFast', severity: 'critical', affects_users: true, sentence: 'v2.14.0 answers 31 % of interactions on 35 clusters too late or never', since: iso(this.start - 32 * minute), blame: "the bot's code", cost_per_minute: 1904,
        cause: 'Each cluster fails from about 80 s after its start with v2.14.0, and none before.', not: ['Not Discord: the 62 clusters on v2.13.4 in the same regions answer 99.8 % in time.'],
        do: 'Stop the rollout and go back to v2.13.4.', changed: [{ at: iso(this.start - 35 * minute), what: 'the rollout of v2.14.0 began' }],
        evidence: [{ says: 'Share not answered in time, v2.14.0', query: 'cluster:discord_interaction_ack_failures:ratio_rate5m', value: 0.3113 }],
        subject: { version: 'v2.14.0' },
      }),
      ...[21, 22, 23].map((i) =>
        finding({ id: 'DiscordClusterGone', severity: 'critical', affects_users: true, sentence: `Cluster eu-${i} of eu-central is gone`, since: iso(this.start - 244_000), blame: 'the machine', cost_per_minute: 178, subject: { job: 'mybot', region: 'eu-central', cluster: `eu-${i}` }, cause: 'Their last reports are 2 s apart.', do: 'Look at the host and its network.' }),
      ),
      finding({ id: 'DiscordShardZombie', sentence: 'Shard 124 on eu-07 is a zombie', since: iso(this.start - 166_000), blame: 'the network', cost_per_minute: 22, subject: { job: 'mybot', region: 'eu-central', cluster: 'eu-07', shard: '124' } }),
      finding({ id: 'DiscordShardOwnedTwice', severity: 'critical', sentence: 'Shard 1187 is up twice, on us-74 and us-66', since: iso(this.start - 11 * minute), blame: 'the deployment', cost_per_minute: null, subject: { job: 'mybot', shard: '1187' } }),
    ]
  }

  private report(findings: Finding[], processes: number): Report {
    return { at: iso(this.at), findings, cannot_tell: this.name === 'single' ? [{ what: 'how many session starts are left', how: 'Set ARGUS_SESSION_START_POLL.' }] : [], checked: this.name === 'single' ? 30 : 31, checks: 31, processes }
  }

  private bot(shape: Shape, clusters: Cluster[]): Bot {
    const reporting = clusters.filter((c) => c.state !== 'gone')
    const total = shape.regions.reduce((n, [, , , k]) => n + k, 0) * shape.shards
    const bad = this.name === 'bad' || this.name === 'large'
    const versions = [...new Set(reporting.map((c) => c.version))].map((version) => {
      const on = reporting.filter((c) => c.version === version)
      return { version, clusters: on.length, shards: on.length * shape.shards, answers_per_second: on.length * 3, failure_ratio: version === 'v2.14.0' ? 0.306 : 0.0016, first_seen: iso(version === 'v2.14.0' ? this.start - 35 * minute : this.start - 72 * hour), restart: this.restart(on.length * shape.shards) }
    })
    return {
      job: shape.job, bot: shape.bot, expected: { clusters: total / shape.shards, shards: total, by: bad ? 'setting' : 'seen' },
      clusters: { reporting: reporting.length, gone: clusters.length - reporting.length, left: 0 },
      shards: { total, up: reporting.reduce((n, c) => n + (c.shards.up ?? 0), 0) - (bad ? 1 : 0), down: bad ? 3 : 0, missing: bad ? [[336, 383]] : [], twice: bad ? [{ shard: '1187', clusters: ['us-66', 'us-74'] }] : [] },
      shard_counts: bad ? [{ shards: total, n: reporting.length - 1, clusters: reporting.slice(0, 5).map((c) => c.cluster) }, { shards: 1584, n: 1, clusters: ['us-66'] }] : [{ shards: total, n: reporting.length, clusters: reporting.slice(0, 5).map((c) => c.cluster) }],
      versions: versions.sort((a, b) => b.clusters - a.clusters), library_versions: [{ version: 'v0.29.0', clusters: reporting.length }],
      clock_offset_seconds: { min: -0.041, max: 0.032 },
      session_starts: this.name === 'single' ? null : { remaining: 8412, limit: 10160, resets_at: iso(this.start + 14 * hour + 18 * minute), max_concurrency: 16 },
      restart: this.name === 'single' ? null : this.restart(total),
    }
  }

  private restart(shards: number): Bot['restart'] {
    return { identifies: shards, seconds: Math.ceil(shards / 16) * 5, left_after: 8412 - shards }
  }

  private active(): Alert[] {
    if (this.name !== 'bad' && this.name !== 'large') return []
    const alert = (id: string, state: Alert['state'], severity: Alert['severity'], labels: Record<string, string>, ago: number, summary: string, cause?: Record<string, string>): Alert => {
      const all: Record<string, string> = { alertname: id, severity, job: 'mybot', ...labels }
      const mute = this.mutes.find((m) => m.matchers.every((x) => all[x.name] === x.value)) ?? null
      return { name: id, state: mute ? 'muted' : state, severity, labels: all, summary, description: '', runbook: book(id), active_at: iso(this.start - ago), for_seconds: 300, value: 1, mute, inhibited_by: cause ?? null }
    }
    return [
      ...[0, 1, 2].map((i) => alert('DiscordAckBudgetBurnsFast', 'firing', 'critical', { cluster: name('eu-', i) }, 10 * minute, 'Users are not answered in time')),
      alert('DiscordShardOwnedTwice', 'firing', 'critical', { shard: '1187' }, 11 * minute, 'A shard is up twice'),
      alert('DiscordShardZombie', 'firing', 'warning', { cluster: 'eu-07', shard: '124' }, 166_000, 'A shard gets no heartbeat acknowledgements'),
      alert('DiscordCommandFails', 'inhibited', 'warning', { cluster: 'eu-08', command: 'play' }, 120_000, 'A command fails', { alertname: 'DiscordGuildOutage', cluster: 'eu-08' }),
      alert('DiscordClusterGone', 'pending', 'warning', { cluster: 'eu-21' }, 244_000, 'A cluster does not report'),
    ]
  }

  overview(only: { job?: string | undefined; bot?: string | undefined } = {}): Overview {
    const all = this.clusters()
    const clusters = all.filter((c) => (!only.job || c.job === only.job) && (!only.bot || c.bot === only.bot))
    const reporting = clusters.filter((c) => c.state !== 'gone')
    const bots = shapes[this.name].map((shape) => this.bot(shape, all.filter((c) => c.job === shape.job && c.bot === shape.bot)))
    const here = bots.filter((b) => (!only.job || b.job === only.job) && (!only.bot || b.bot === only.bot))
    const findings = this.findings()
    const alerts = this.active()
    const n = (state: Alert['state']): number => alerts.filter((a) => a.state === state).length
    const sum = (of: (c: Cluster) => number | null): number => reporting.reduce((total, c) => total + (of(c) ?? 0), 0)
    const bad = findings.length > 0
    const regions = new Map<string | null, Region>()
    for (const c of clusters) {
      const r = regions.get(c.region) ?? { region: c.region, clusters: 0, reporting: 0, shards_up: 0, shards: 0, failure_ratio: 0 }
      regions.set(c.region, r)
      r.clusters++
      r.shards = (r.shards ?? 0) + (c.shards.total ?? 0)
      if (c.state === 'gone') continue
      r.reporting++
      r.shards_up += c.shards.up ?? 0
      r.failure_ratio = (r.failure_ratio ?? 0) + (c.failure_ratio ?? 0)
    }
    for (const r of regions.values()) r.failure_ratio = (r.failure_ratio ?? 0) / r.reporting
    return {
      ...this.head(), verdict: clusters.length === 0 ? 'unknown' : bad ? 'affected' : 'calm', report: this.report(findings, reporting.length), bots,
      totals: {
        clusters: { reporting: reporting.length, expected: clusters.length === 0 ? null : here.reduce((k, b) => k + (b.expected.clusters ?? 0), 0), gone: clusters.length - reporting.length },
        shards: { up: here.reduce((k, b) => k + b.shards.up, 0), expected: clusters.length === 0 ? null : here.reduce((k, b) => k + (b.expected.shards ?? 0), 0) },
        answered: clusters.length === 0 ? { in_time_ratio: null, per_second: null, failures_per_minute: null } : { in_time_ratio: bad ? 0.889 : 0.9984, per_second: reporting.length * 3, failures_per_minute: sum((c) => c.failures_per_minute) },
        guilds: clusters.length === 0 ? null : sum((c) => c.guilds), guilds_left_out: bad ? 61_335 : 0,
      },
      regions: [...regions.values()], clusters, alerts: { firing: n('firing'), pending: n('pending'), inhibited: n('inhibited'), muted: n('muted') }, gone_after_seconds: 45,
    }
  }

  history(): History {
    const bad = this.findings().length > 0
    const from = Math.floor(this.at / minute) * minute - 59 * minute
    const rnd = random(11)
    const late = Array.from({ length: 60 }, (_, i) => (i < 25 ? null : i < 28 ? (i - 24) * 0.1 : 0.3 + rnd() * 0.02))
    const well = Array.from({ length: 60 }, (_, i) => (i === 12 ? null : 0.0012 + rnd() * 0.001))
    const empty = this.name === 'empty'
    return {
      ...this.head(), step_seconds: 60, from: iso(from),
      versions: empty ? [] : [{ version: 'v2.13.4', clusters: bad ? 62 : 8, failure_ratio: well }, ...(bad ? [{ version: 'v2.14.0', clusters: 35, failure_ratio: late }] : [])],
      session_starts_remaining: empty || this.name === 'single' ? [] : Array.from({ length: 60 }, (_, i) => 9020 - Math.floor(i / 3) * 32),
      marks: bad ? [{ at: iso(this.start - 35 * minute), kind: 'version', what: 'v2.14.0 begins' }, { at: iso(this.start - 244_000), kind: 'gone', what: 'eu-21, eu-22 and eu-23 are gone' }] : [],
    }
  }

  sparks(): Sparks {
    const from = Math.floor(this.at / minute) * minute - 59 * minute
    return {
      ...this.head(), step_seconds: 60, from: iso(from),
      clusters: this.clusters().map((c) => ({ job: c.job, bot: c.bot, region: c.region, cluster: c.cluster, failure_ratio: Array.from({ length: 60 }, (_, i) => (c.state === 'gone' && i > 55 ? null : c.version === 'v2.14.0' && i > 28 ? c.failure_ratio : 0.002)) })),
    }
  }

  private shard(i: number, state: string, c: Cluster): Shard {
    const up = state === 'up' || state === 'zombie' || state === 'silent'
    const busy = state === 'silent' ? 0 : state === 'zombie' ? 7 : state === 'resuming' ? 4 : 10
    return {
      shard: String(i), up, state: up ? 'ready' : 'resuming', since: iso(this.start - 30 * minute), latency_seconds: up ? 0.08 + (i % 7) / 100 : null,
      heartbeat_ack_age_seconds: state === 'zombie' ? 166 : state === 'resuming' ? 318 : i % 35, heartbeat_interval_seconds: 41.25, last_event_age_seconds: state === 'up' ? 0 : state === 'silent' ? 662 : 165,
      events_per_second: null, events_window_seconds: null, lock_unavailable_seconds: 0, closes_1h: state === 'resuming' ? 1 : 0, resumes_1h: 0, new_sessions_1h: 1,
      last_close: state === 'resuming' ? { at: iso(this.start - 318_000), code: 'none', initiator: 'network' } : i % 5 === 0 ? { at: null, code: '1001', initiator: 'discord' } : null,
      findings: state === 'silent' ? ['DiscordShardSilent'] : state === 'zombie' ? ['DiscordShardZombie'] : [], busy_minutes: Array.from({ length: 10 }, (_, k) => k < busy), sends_per_minute: c.state === 'gone' ? null : 6 + (i % 6), latency_spark: Array.from({ length: 60 }, (_, k) => (k > 55 && !up ? null : 0.09 + ((i + k) % 9) / 300)),
    }
  }

  cluster(place: { job: string; bot: string; region: string; cluster: string }): ClusterDetail | null {
    const all = this.clusters()
    const c = all.find((x) => x.job === place.job && (x.bot ?? '') === place.bot && (x.region ?? '') === place.region && x.cluster === place.cluster)
    if (!c) return null
    const [from = 0, to = 0] = c.shards.ids.split('-').map(Number)
    const ill: Record<number, string> = c.cluster === 'eu-07' && this.findings().length > 0 ? { 119: 'resuming', 124: 'zombie', 126: 'silent' } : {}
    const findings = this.findings().filter((f) => f.subject.cluster === c.cluster || (c.state === 'late' && f.subject.version === c.version))
    const begin = Math.floor(this.at / minute) * minute - 59 * minute
    const late = c.state === 'late'
    const line = (of: (i: number) => number | null): (number | null)[] => Array.from({ length: 60 }, (_, i) => (i === 24 && late ? null : of(i)))
    return {
      ...this.head(), cluster: c, rank: all.indexOf(c) + 1, of: all.length, verdict: findings.some((f) => f.affects_users) ? 'affected' : findings.length > 0 ? 'look' : 'calm', report: this.report(findings, 1), gone_after_seconds: 45,
      series: {
        step_seconds: 60, from: iso(begin), failure_ratio: line((i) => (late && i > 26 ? c.failure_ratio : 0.002)), peers_failure_ratio: line((i) => (late && i > 26 ? 0.34 : 0.002)),
        answer_p95_seconds: line((i) => (late && i > 26 ? 3.3 : 0.3)), peers_answer_p95_seconds: line((i) => (late && i > 26 ? 3.2 : 0.3)), shards_up: line((i) => (i > 55 ? c.shards.up : c.shards.total)),
        marks: late ? [{ at: iso(this.start - 35 * minute), kind: 'restarted', what: 'restarted with v2.14.0' }] : [],
      },
      shards_at: (c.state === 'gone' ? c.last_report_at : null) ?? iso(this.at), shards: Array.from({ length: to - from + 1 }, (_, i) => this.shard(from + i, ill[from + i] ?? 'up', c)),
      incarnations: [
        { instance: c.instance ?? '', version: c.version, from: c.started_at ?? '', to: c.state === 'gone' ? c.last_report_at : null, ended_by: c.state === 'gone' ? 'lost' : 'here', session_starts: 17 },
        { instance: 'b09a7f31-1111-4000-8000-000000000000', version: 'v2.13.4', from: iso(this.start - 60 * hour), to: iso(this.start - 35 * minute - 38_000), ended_by: 'goodbye', session_starts: 21 },
        { instance: 'e5527ac8-1111-4000-8000-000000000000', version: 'v2.13.4', from: iso(this.start - 90 * hour), to: iso(this.start - 61 * hour), ended_by: 'lost', session_starts: null },
      ],
      slow_traces: this.name === 'away' ? null : late ? Array.from({ length: 10 }, (_, i) => this.slow(i)) : [], slow_after_seconds: 1,
      peers: all.length < 2 ? null : {
        of: `${all.filter((x) => x.version === c.version).length - 1} clusters on ${c.version}`,
        rows: [
          { what: 'Closes, 1 h', value: 3, median: 0, unit: '{close}', odd: true },
          { what: 'Not in time', value: c.failure_ratio, median: 0.34, unit: '1', odd: false },
          { what: 'Resident memory', value: 412_000_000, median: 405_000_000, unit: 'By', odd: false },
          { what: 'Guilds', value: c.guilds, median: 20_340, unit: '{guild}', odd: false },
        ],
      },
    }
  }

  // slow is a slow interaction with a trace, some minutes ago. The newest have a link.
  private slow(i: number): SlowTrace {
    const trace_id = `${i}`.padStart(32, 'a')
    return {
      answered_at: iso(this.at - i * minute), type: i % 3 === 2 ? 'message_component' : 'application_command', command: i % 3 === 2 ? 'other' : 'play', ack_duration_seconds: 1.25 + i / 4,
      trace_id, trace_url: i < 5 ? `https://jaeger.example/trace/${trace_id}` : null,
    }
  }

  timeline(): Timeline {
    const event = (ago: number, kind: Event['kind'], what: string, more: Partial<Event> = {}): Event => ({ at: iso(this.start - ago), kind, job: null, bot: null, region: null, cluster: null, shard: null, severity: null, what, ...more })
    const eu = (i: number): Partial<Event> => ({ job: 'mybot', region: 'eu-central', cluster: name('eu-', i) })
    const bad = this.findings().length > 0
    const events = !bad
      ? this.name === 'empty' ? [] : [event(20 * minute, 'login', 'An operator logged in')]
      : [
          event(166_000, 'finding_began', 'Shard 124 on eu-07 is a zombie', { ...eu(7), shard: '124', severity: 'warning' }),
          ...[21, 22, 23].map((i) => event(244_000, 'gone', 'Stopped reporting', { ...eu(i), severity: 'critical' })),
          event(10 * minute, 'alert', 'DiscordAckBudgetBurnsFast fires', { severity: 'critical' }),
          event(11 * minute, 'duplicate', 'Shard 1187 is up twice: us-66 and us-74', { shard: '1187', severity: 'critical' }),
          ...Array.from({ length: 37 }, (_, i) => event(12 * minute + i * 37_000, 'restarted', 'Restarted with v2.14.0', eu(36 - i))),
          event(35 * minute, 'version', 'v2.14.0 began on eu-00', eu(0)),
        ]
    const end = this.at
    return { ...this.head(), from: iso(end - hour), to: iso(end), events, more: this.name === 'large' }
  }

  alerts(): Alerts {
    const failing = this.name === 'bad'
    return {
      ...this.head(), alerts: this.active(), left_out: 0, mutes: this.mutes,
      notifications: this.name === 'bad' || this.name === 'large' ? { way: 'discord', receivers: [{ name: 'discord', last_success: iso(this.start - hour), last_failure: failing ? iso(this.start - minute) : null, error: failing ? 'status 404: the webhook is unknown' : null, failing_since: failing ? iso(this.start - 10 * minute) : null }] } : { way: 'none', receivers: [] },
    }
  }

  members(): Members {
    const members: Member[] = this.clusters().map((c, i) => ({
      job: c.job, bot: c.bot, region: c.region, cluster: c.cluster, instance: c.instance, version: c.version, first_seen: c.started_at ?? iso(this.start), last_seen: c.last_report_at ?? iso(this.start), interval_seconds: 15, state: c.state === 'gone' ? 'lost' : 'reporting',
      series: 1364, pushes: 5_000 + i, refused_points: c.cluster === 'us-66' ? 12 : 0, last_refusal: c.cluster === 'us-66' ? 'out of order' : null, clock_offset_seconds: 0.012,
    }))
    members.sort((a, b) => (a.region ?? '').localeCompare(b.region ?? '') || a.cluster.localeCompare(b.cluster))
    return { ...this.head(), gone_after_seconds: 45, members }
  }

  shardOf(guild: string): ShardOf {
    const bots = shapes[this.name].map((shape) => {
      const mine = this.clusters().filter((c) => c.job === shape.job && c.bot === shape.bot)
      const total = shape.regions.reduce((n, [, , , k]) => n + k, 0) * shape.shards
      const shard = Number((BigInt(guild) >> 22n) % BigInt(total))
      const owners = mine.filter((c) => {
        const [from = 0, to = -1] = c.shards.ids.split('-').map(Number)
        return shard >= from && shard <= to
      })
      return { job: shape.job, bot: shape.bot, shard: String(shard), shards: total, owners: owners.map((c) => ({ region: c.region, cluster: c.cluster, state: 'ready' as const, up: c.state !== 'gone', since: iso(this.start - 30 * minute), gone: c.state === 'gone' })) }
    })
    return { ...this.head(), guild, bots }
  }
}
