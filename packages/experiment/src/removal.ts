import type { Adds, Experiment } from './experiment.ts'

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

/** What there is now, as listed before and after a removal. */
export type Present = { readonly [kind in keyof Adds]-?: readonly string[] }

export type Removal =
  | { readonly kind: 'ready'; readonly goes: readonly string[]; readonly code: readonly LeftBehind[] }
  | { readonly kind: 'refused'; readonly code: string; readonly sentence: string }

/**
 * What goes with an experiment that is decided: everything it added that is still there, and its code. Refused while somebody outside still reads what it added.
 * @param readers who reads each of its services or topics, besides what goes itself.
 */
export function removal(
  { name, adds }: Experiment<any>,
  on: {
    readonly decided: boolean
    readonly present: Present
    readonly readers: Readonly<Record<string, readonly string[]>>
    readonly code: readonly LeftBehind[]
  },
): Removal {
  if (!on.decided)
    return {
      kind: 'refused',
      code: 'not-decided',
      sentence: `Experiment ${name} is not decided. Decide first, then remove.`,
    }
  const kinds = ['services', 'consumers', 'topics', 'screens'] as const
  const own = kinds.flatMap((kind) =>
    (adds[kind] ?? []).filter((one) => on.present[kind].includes(one)).map((one) => [kind, one] as const),
  )
  const going = new Set(own.map(([, one]) => one))
  for (const [, one] of own) {
    const outside = (on.readers[one] ?? []).filter((reader) => !going.has(reader))
    if (outside.length > 0)
      return {
        kind: 'refused',
        code: 'still-read',
        sentence: `${one} is still read by ${outside.join(', ')}. Move them first.`,
      }
  }
  return { kind: 'ready', goes: own.map(([kind, one]) => `${kind.slice(0, -1)} ${one}`), code: on.code }
}
