// What is used of sql.js, which has no types of its own.
declare module 'sql.js' {
  export type Value = bigint | number | string | Uint8Array | null

  export interface Statement {
    bind(values: Record<string, number | string | null>): boolean
    step(): boolean
    getAsObject(parameters: null, config: { useBigInt: boolean }): Record<string, Value>
    free(): boolean
  }

  export class Database {
    constructor(file: Uint8Array)
    exec(statements: string): unknown
    prepare(statement: string): Statement
    create_function(name: string, f: (of: number | null) => number | null): void
    close(): void
  }

  export default function initSqlJs(): Promise<{ Database: typeof Database }>
}
