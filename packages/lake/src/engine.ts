import { type DuckDBConnection, DuckDBInstance, version } from '@duckdb/node-api'

/** DuckDB in this process, for SQL of our own making alone. */
export interface Engine {
  run(sql: string): Promise<void>
  /** Rows as objects; 64-bit integers as text. */
  rows(sql: string): Promise<Record<string, any>[]>
  close(): void
}

export interface EngineOptions {
  /** E.g. `512MB`. */
  readonly memory: string
  readonly threads: number
  /** Where it spills. */
  readonly temporary: string
}

/** No extension is ever looked for, on disk or on the network. */
export const noExtensions = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
} as const

export async function openEngine(options: EngineOptions): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:', {
    ...noExtensions,
    memory_limit: options.memory,
    threads: String(options.threads),
    temp_directory: options.temporary,
  })
  const first = await instance.connect()
  await first.run(`set TimeZone = 'UTC'`)
  const idle: DuckDBConnection[] = [first]
  const withConnection = async <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    const connection = idle.pop() ?? (await instance.connect())
    try {
      return await work(connection)
    } finally {
      idle.push(connection)
    }
  }
  // Writers one after the other: each may fill the memory there is, and together they would find none.
  let written: Promise<unknown> = Promise.resolve()
  return {
    run(sql) {
      const next = written.then(() => withConnection(async (connection) => void (await connection.run(sql))))
      written = next.catch(() => undefined)
      return next
    },
    rows: (sql) =>
      withConnection(async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as never),
    close() {
      for (const connection of idle.splice(0)) connection.closeSync()
      instance.closeSync()
    },
  }
}

/** DuckDB's version, e.g. `v1.5.6`. */
export function duckdbVersion(): string {
  return version()
}
