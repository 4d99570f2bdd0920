import { readFile } from 'node:fs/promises'
import initSqlJs, { type Database as File } from 'sql.js'

// A Part of what the database has of a bot. Times are in ms since 1970; to is not in it.
export interface Part {
  bot: string
  from: number
  to: number
  command?: string
  version?: string
  guild?: bigint
}

export type Column = 'type' | 'command' | 'version' | 'cluster' | 'region' | 'error_type' | 'locale' | 'context' | 'installation' | 'guild'

// A Group is interactions that have the same values in some columns.
export interface Group {
  of: Partial<Record<Column, string | null>>
  runs: number
  failures: number
  in_time: number
  not_in_time: number
  seconds: number[] // durations of the handlers, from short to long
}

export interface Day {
  day: string
  joins: number
  leaves: number
  interactions: number
  guilds: number // with an interaction
}

export interface Hit {
  guild: string
  failures: number
  not_in_time: number
  outages: number
  last: number
}

const float = new DataView(new ArrayBuffer(4))

function fromBits(bits: number | null): number | null {
  if (bits === null) return null
  float.setUint32(0, bits)
  return float.getFloat32(0)
}

// The events of all days, with their texts. Nothing here reads the tables of sums.
const view = (days: readonly number[]): string => `
  CREATE TEMP TABLE events AS
  SELECT e.time, e.guild, seconds(e.handler_duration) AS seconds, name.text AS event, bot.text AS bot, region.text AS region, cluster.text AS cluster, version.text AS version,
    type.text AS type, command.text AS command, outcome.text AS outcome, error_type.text AS error_type, size.text AS size,
    locale.text AS locale, context.text AS context, installation.text AS installation
  FROM (${days.map((day) => `SELECT * FROM events_${day}`).join(' UNION ALL ')}) AS e
  ${['bot', 'region', 'cluster', 'version', 'type', 'command', 'outcome', 'error_type', 'size', 'locale', 'context', 'installation'].map((c) => `LEFT JOIN texts AS ${c} ON ${c}.id = e.${c}`).join('\n  ')}
  JOIN texts AS name ON name.id = e.event`

const interaction = "event = 'discord.interaction.completed'"
const failed = `(${interaction} AND error_type IS NOT NULL)`
const inTime = `(${interaction} AND ifnull(outcome, '') = 'in_time')`
const missed = `(${interaction} AND ifnull(outcome, '') IN ('late', 'rejected', 'missed'))`
const outage = "event = 'discord.guild.unavailable'"
const window = 'bot = :bot AND time >= :from AND time < :to'

const unsigned = (guild: bigint): string => BigInt.asUintN(64, guild).toString()

// A Database is a copy of the one that a fleet keeps events in.
export class Database {
  private constructor(private readonly file: File) {}

  static async open(path: string): Promise<Database> {
    const { Database: File } = await initSqlJs()
    const database = new Database(new File(await readFile(path)))
    const days = database.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'events\\_%' ESCAPE '\\'").map((r) => Number(String(r.name).slice('events_'.length)))
    database.file.create_function('seconds', fromBits)
    database.file.exec(view(days))
    return database
  }

  close(): void {
    this.file.close()
  }

  private rows(query: string, parameters: Record<string, number | string | null> = {}): Record<string, unknown>[] {
    const statement = this.file.prepare(query)
    const rows: Record<string, unknown>[] = []
    statement.bind(parameters)
    // Integers are BigInts: ids of guilds have 64 bits.
    while (statement.step()) rows.push(statement.getAsObject(null, { useBigInt: true }))
    statement.free()
    return rows
  }

  private of({ bot, from, to, command, version, guild }: Part): [where: string, parameters: Record<string, number | string | null>] {
    const where = [window]
    const parameters: Record<string, number | string | null> = { ':bot': bot, ':from': from, ':to': to }
    if (command !== undefined) {
      where.push('command = :command')
      parameters[':command'] = command
    }
    if (version !== undefined) {
      where.push('version = :version')
      parameters[':version'] = version
    }
    // In the text: parameters of sql.js are 32 bits or a float64.
    if (guild !== undefined) where.push(`guild = ${BigInt.asIntN(64, guild)}`)
    return [where.join(' AND '), parameters]
  }

  interactions(by: readonly Column[], of: Part): Group[] {
    const [where, parameters] = this.of(of)
    const query = `
      SELECT ${by.map((c) => `${c},`).join(' ')} count(*) AS runs, sum${failed} AS failures, sum${inTime} AS in_time, sum${missed} AS not_in_time,
        json_group_array(seconds) FILTER (WHERE seconds IS NOT NULL) AS durations
      FROM events WHERE ${interaction} AND ${where} ${by.length > 0 ? `GROUP BY ${by.join(', ')}` : ''}`
    return this.rows(query, parameters).map((r) => ({
      of: Object.fromEntries(by.map((c) => [c, c === 'guild' ? unsigned(r[c] as bigint) : (r[c] as string | null)])),
      runs: Number(r.runs),
      failures: Number(r.failures),
      in_time: Number(r.in_time),
      not_in_time: Number(r.not_in_time),
      seconds: (JSON.parse(String(r.durations)) as number[]).sort((a, b) => a - b),
    }))
  }

  // hit are the guilds in which a run failed or was not in time, or that were unavailable.
  hit(of: Part): Hit[] {
    const [where, parameters] = this.of(of)
    const query = `
      SELECT guild, sum${failed} AS failures, sum${missed} AS not_in_time, sum(${outage}) AS outages, max(time) AS last
      FROM events WHERE guild <> 0 AND (${failed} OR ${missed} OR ${outage}) AND ${where} GROUP BY guild`
    return this.rows(query, parameters).map((r) => ({ guild: unsigned(r.guild as bigint), failures: Number(r.failures), not_in_time: Number(r.not_in_time), outages: Number(r.outages), last: Number(r.last) }))
  }

  // size is the last known size of a guild, by its interactions and, where they count, its
  // outages.
  size(of: Part, outages: boolean): string | null {
    const [where, parameters] = this.of(of)
    const [row] = this.rows(`SELECT size FROM events WHERE size IS NOT NULL AND (${interaction} OR ${outages} AND ${outage}) AND ${where} ORDER BY time DESC LIMIT 1`, parameters)
    return (row?.size as string | undefined) ?? null
  }

  // first is the time of the first interaction.
  first(of: Part): number {
    const [where, parameters] = this.of(of)
    return Number(this.rows(`SELECT min(time) AS first FROM events WHERE ${interaction} AND ${where}`, parameters)[0]?.first)
  }

  // count counts events of a name.
  count(event: string, of: Part): number {
    const [where, parameters] = this.of(of)
    return Number(this.rows(`SELECT count(*) AS n FROM events WHERE event = :event AND ${where}`, { ...parameters, ':event': event })[0]?.n)
  }

  days(of: Part): Day[] {
    const [where, parameters] = this.of(of)
    const query = `
      SELECT date(time / 1000, 'unixepoch') AS day, sum(event = 'discord.guild.joined') AS joins, sum(event = 'discord.guild.left') AS leaves,
        sum(${interaction}) AS interactions, count(DISTINCT iif(${interaction} AND guild <> 0, guild, NULL)) AS guilds
      FROM events WHERE ${where} GROUP BY day ORDER BY day DESC`
    return this.rows(query, parameters).map((r) => ({ day: String(r.day), joins: Number(r.joins), leaves: Number(r.leaves), interactions: Number(r.interactions), guilds: Number(r.guilds) }))
  }
}
