import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'

/** stdout is data, stderr is talk. */
export interface Output {
  readonly json: boolean
  /** Somebody sits at a terminal and reads stdout there. */
  readonly interactive: boolean
  /** A line of data. */
  print(line: string): void
  /** A line of data, of many: resolves when the reader of stdout has room for more. */
  line(text: string): Promise<void>
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

/** What a command line is given: `process`, or what a test stands in for it. */
export interface Streams {
  readonly stdin: { readonly isTTY?: boolean }
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Sink {
  readonly isTTY?: boolean
  write(text: string): boolean
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

export function terminal({ json, given }: { json: boolean; given: Streams }): Output {
  const { stdin, stdout, stderr, env } = given
  const talks = stderr.isTTY === true
  // https://no-color.org: present and not empty.
  const plain = env.NO_COLOR !== undefined && env.NO_COLOR !== ''
  const coloured = !plain && !json && (stdout.isTTY === true || env.FORCE_COLOR !== undefined)
  return {
    json,
    interactive: stdout.isTTY === true && stdin.isTTY === true,
    print: (line) => void stdout.write(`${line}\n`),
    async line(text) {
      if (!stdout.write(`${text}\n`)) await once(stdout as Sink & NodeJS.EventEmitter, 'drain')
    },
    show(value, readable) {
      stdout.write(`${json ? JSON.stringify(value) : readable()}\n`)
    },
    say: (line) => void stderr.write(`${line}\n`),
    progress: (what, total) => progress(what, total, talks ? stderr : undefined),
    async confirm(question) {
      if (stdin.isTTY !== true || !talks) return undefined
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

function progress(what: string, total: number, to: Sink | undefined): { at(done: number): void; end(): void } {
  const started = performance.now()
  let shown = 0
  return {
    at(done) {
      const seconds = (performance.now() - started) / 1000
      if (to === undefined || seconds < 1 || seconds - shown < 0.2) return
      shown = seconds
      const rate = done / seconds
      const left = rate > 0 ? Math.ceil((total - done) / rate) : 0
      to.write(`\r${what}: ${done} of ${total} · ${Math.round(rate)}/s · ${left} s left   `)
    },
    end() {
      if (shown > 0) to?.write('\n')
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
