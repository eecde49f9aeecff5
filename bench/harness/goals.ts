/** One claim: what was measured, and the goal it is held against. */
export interface Goal {
  readonly name: string
  readonly measured: number
  readonly unit: string
  /** `least`: at least that much; `most`: at most. Without either it is only reported. */
  readonly least?: number
  readonly most?: number
  /** The same run's peer or limit, in words. */
  readonly beside?: string
}

export function isReached({ measured, least = -Infinity, most = Infinity }: Goal): boolean {
  return measured >= least && measured <= most
}

/** Prints a table (or JSON with `--json`), last the figure in one line; sets the exit code when a goal is missed. */
export function report(title: string, goals: readonly Goal[], figure: string): void {
  const missed = goals.filter((goal) => !isReached(goal))
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ title, goals: goals.map((goal) => ({ ...goal, reached: isReached(goal) })), figure }))
  } else {
    const rows = goals.map((goal) => [
      goal.name,
      `${round(goal.measured)} ${goal.unit}`,
      bound(goal),
      goal.beside ?? '',
    ])
    const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
    for (const row of rows)
      console.log(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      )
    console.log(`${missed.length === 0 ? 'ok' : `SHORT OF ${missed.map(({ name }) => name).join(', ')}`}: ${figure}`)
  }
  if (missed.length > 0) process.exitCode = 1
}

function bound({ least, most }: Goal): string {
  if (least !== undefined) return `≥ ${least}`
  return most === undefined ? '' : `≤ ${most}`
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}
