import { pathOf, type Summary } from './experiments.ts'

/** A line for each experiment that waits for people, with what to type. */
export function overdueLines(all: readonly Summary[]): string[] {
  return all.flatMap(({ name, overdue, due, question, override }) => [
    ...(overdue
      ? [`overdue: ${name} waits for a decision since ${due}${question === undefined ? '' : ` (${question})`}`]
      : []),
    ...(override === undefined
      ? []
      : [
          `to agree: ${override.by} wants to ${override.verdict} ${name} against its rule. headwater experiment agree ${name} --as SOMEBODY`,
        ]),
  ])
}

/** The same of a landscape, by whatever asks it for JSON; nothing where it keeps no experiments, or cannot say. */
export async function overdueIn(json: (path: string) => Promise<any>): Promise<string[]> {
  const found = (await json(pathOf()).catch(() => undefined)) as { experiments?: Summary[] } | undefined
  return overdueLines(found?.experiments ?? [])
}
