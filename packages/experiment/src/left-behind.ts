/** A line of code that still names an experiment. */
export interface LeftBehind {
  readonly path: string
  /** 1, 2, 3… */
  readonly line: number
  readonly text: string
}

/**
 * Code of an experiment in some sources: where it is declared, and every later use of the names it was bound to, also in files that import them.
 * For `experiment check`, which fails while code of a decided experiment is there.
 */
export function leftBehind(
  experiment: string,
  sources: Iterable<{ readonly path: string; readonly text: string }>,
): LeftBehind[] {
  const all = [...sources]
  const names = new Set(all.flatMap(({ text }) => boundTo(experiment, text)))
  const marks = [
    `['"\`]${experiment}['"\`]`,
    ...[...names].map((name) => `(?<![\\w$.])${name.replaceAll('$', '\\$')}(?![\\w$])`),
  ]
  const mark = new RegExp(marks.join('|'))
  return all.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (mark.test(line) ? [{ path, line: index + 1, text: line.trim() }] : [])),
  )
}

/** Constants that hold the experiment: `const roundUps = experiment('round-ups', …`. */
function boundTo(experiment: string, text: string): string[] {
  const declared = new RegExp(
    `(?:const|let)\\s+([\\w$]+)[^=\\n]*=\\s*(?:experiment|decidedByPeople)\\(\\s*['"\`]${experiment}['"\`]`,
    'g',
  )
  return [...text.matchAll(declared)].map((found) => found[1]!)
}
