import { createInterface } from 'node:readline/promises'

/** stdout is data, stderr is talk. */
export interface Output {
  readonly json: boolean
  /** A line of data. */
  print(line: string): void
  /** Data as JSON with `--json`, else as a person reads it. */
  show(value: unknown, readable: () => string): void
  /** A line of talk. */
  say(line: string): void
  /** Progress of counted work; shown once it has taken a second, with rate and time left. */
  progress(what: string, total: number): { at(done: number): void; end(): void }
  /** Asks before a destructive act. Without a terminal it answers `undefined`: `--yes` is needed. */
  confirm(question: string): Promise<boolean | undefined>
  readonly colour: (code: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export function terminal({ json, env }: { json: boolean; env: Readonly<Record<string, string | undefined>> }): Output {
  const talks = process.stderr.isTTY === true
  const coloured = env.NO_COLOR === undefined && (process.stdout.isTTY === true || env.FORCE_COLOR !== undefined)
  return {
    json,
    print: (line) => void process.stdout.write(`${line}\n`),
    show(value, readable) {
      process.stdout.write(`${json ? JSON.stringify(value) : readable()}\n`)
    },
    say: (line) => void process.stderr.write(`${line}\n`),
    progress: (what, total) => progress(what, total, talks),
    async confirm(question) {
      if (process.stdin.isTTY !== true || !talks) return undefined
      const ask = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return /^y(es)?$/i.test(await ask.question(`${question} [y/N] `))
      } finally {
        ask.close()
      }
    },
    colour: (code, text) => (coloured ? `\u001B[${codes[code]}m${text}\u001B[0m` : text),
  }
}

function progress(what: string, total: number, talks: boolean): { at(done: number): void; end(): void } {
  const started = performance.now()
  let shown = 0
  return {
    at(done) {
      const seconds = (performance.now() - started) / 1000
      if (!talks || seconds < 1 || seconds - shown < 0.2) return
      shown = seconds
      const rate = done / seconds
      const left = rate > 0 ? Math.ceil((total - done) / rate) : 0
      process.stderr.write(`\r${what}: ${done} of ${total} · ${Math.round(rate)}/s · ${left} s left   `)
    },
    end() {
      if (shown > 0) process.stderr.write('\n')
    },
  }
}

/** Rows as an aligned table; columns are the keys of the first row. */
export function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  if (rows.length === 0) return '(none)'
  const columns = Object.keys(rows[0]!)
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)))
  return cells
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
