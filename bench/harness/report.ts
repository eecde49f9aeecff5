/** What the programs of `bench/` and `guarantees/` say at their end: a table, then one line that is the figure. */
export interface Line {
  readonly name: string
  readonly value: string
  /** What it is held to; absent where a line is for information. */
  readonly goal?: string
  readonly met?: boolean
}

/** Prints the table and the figure (`--json`: one object) and sets the exit code: 1 when a goal is missed. */
export function report(lines: readonly Line[], figure: string): void {
  const missed = lines.filter(({ met }) => met === false)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ figure, met: missed.length === 0, lines }))
  else {
    const width = (of: (line: Line) => string) => Math.max(...lines.map((line) => of(line).length))
    const [names, values, goals] = [
      width((line) => line.name),
      width((line) => line.value),
      width((line) => line.goal ?? ''),
    ]
    for (const { name, value, goal = '', met } of lines) {
      const mark = met === undefined ? '' : met ? 'ok' : 'MISSED'
      console.log(`${name.padEnd(names)}  ${value.padStart(values)}  ${goal.padEnd(goals)}  ${mark}`.trimEnd())
    }
    console.log(figure)
  }
  if (missed.length > 0) process.exitCode = 1
}

/** The value of `--name`, or the given one. */
export function option(name: string, otherwise: string): string {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : (process.argv[index + 1] ?? otherwise)
}

export const full = process.argv.includes('--full')
