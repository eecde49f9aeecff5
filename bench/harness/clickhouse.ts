import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** ClickHouse in a process (chdb), as a peer and an independent reader of our files. */
export interface ClickHouse {
  /** Rows as arrays, and milliseconds it took; 64-bit integers as numbers. */
  query(sql: string): Promise<{ rows: unknown[][]; ms: number }>
  stop(): void
}

/** @param folder whose node_modules hold chdb. @param directory the only one whose files it may read. */
export function startClickHouse(folder: string, directory: string): ClickHouse {
  const program = fileURLToPath(new URL('./clickhouse-process.mjs', import.meta.url))
  const child = fork(program, [folder], { cwd: directory, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  let next = 0
  const waiting = new Map<number, { resolve: (answer: any) => void; reject: (error: Error) => void }>()
  const fail = () => {
    for (const { reject } of waiting.values()) reject(new Error('ClickHouse ended before it answered.'))
    waiting.clear()
  }
  child.once('exit', fail)
  child.on('message', ({ id, rows, ms, error }: { id: number; rows: unknown[][]; ms: number; error?: string }) => {
    const { resolve, reject } = waiting.get(id)!
    waiting.delete(id)
    if (error === undefined) resolve({ rows, ms })
    else reject(new Error(error))
  })
  return {
    query: (sql) =>
      new Promise((resolve, reject) => {
        waiting.set(++next, { resolve, reject })
        child.send({ id: next, sql })
      }),
    stop: () => void child.kill('SIGKILL'),
  }
}
