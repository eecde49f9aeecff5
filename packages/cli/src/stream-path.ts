import { type Command, Ended, exitCode, type Invocation, required } from './command.ts'

/** The path of a stream, from `pots/pot-p1`, with what is asked of it. */
export function streamPath(
  command: Command,
  invocation: Invocation,
  asked: Readonly<Record<string, unknown>> = {},
): string {
  const text = required(command, invocation, 0, 'a stream, like pots/pot-p1')
  const slash = text.indexOf('/')
  if (slash < 1 || slash === text.length - 1)
    throw new Ended(exitCode.usage, `Expected a stream like pots/pot-p1, got "${text}".`)
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, String(value))
  const path = `/${text.slice(0, slash)}/streams/${encodeURIComponent(text.slice(slash + 1))}`
  return query.size === 0 ? path : `${path}?${query}`
}
