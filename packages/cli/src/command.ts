import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Output } from './output.ts'

/** What a command ends with; said in `headwater help`. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  environment: 3,
  found: 4,
  missing: 5,
  // As shells say it: 128 and the number of the signal.
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** As `parseArgs` takes them, with a few words for the help and the reference. */
type Options = Readonly<Record<string, NonNullable<ParseArgsConfig['options']>[string] & { readonly says: string }>>

export interface Invocation {
  readonly positionals: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly output: Output
  /** Where the command was called. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the command is to end early: by a signal, or because nobody reads stdout any more. */
  readonly signal: AbortSignal
}

export interface Command {
  /** `events`, or of two words: `new service`. */
  readonly name: string
  /** What follows the name: `SERVICE [--after N]`. */
  readonly usage: string
  readonly options?: Options
  /** Command lines that a test runs, in order, against a running bank. */
  readonly examples: readonly string[]
  run(invocation: Invocation): Promise<ExitCode>
}

/** Ends a command with a sentence on stderr and a code. */
export class Ended extends Error {
  readonly exit: ExitCode
  constructor(exit: ExitCode, sentence: string) {
    super(sentence)
    this.exit = exit
  }
}

/** Options that every command takes. */
export const everywhere = {
  json: { type: 'boolean', says: 'data as JSON on stdout, nothing else' },
  help: { type: 'boolean', short: 'h', says: 'usage, options, examples' },
  url: { type: 'string', says: 'entry URL of the landscape; else HEADWATER_URL, else the one of this folder' },
  yes: { type: 'boolean', short: 'y', says: 'do it without asking' },
} as const satisfies Options

/** Reads what follows a command's name. Throws `Ended` with code 2 for what it does not know. */
export function parse(command: Command, args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...command.options, ...everywhere },
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    throw new Ended(exitCode.usage, `${(error as Error).message}\nUsage: headwater ${command.name} ${command.usage}`)
  }
}

/** The positional at a place, or the end with the usage. */
export function required(command: Command, { positionals }: Invocation, index: number, what: string): string {
  const value = positionals[index]
  if (value === undefined) {
    throw new Ended(exitCode.usage, `Expected ${what}, got nothing.\nUsage: headwater ${command.name} ${command.usage}`)
  }
  return value
}

/** An option that is a whole number, 0 or more; undefined where it was not given. */
export function wholeNumber({ options }: Invocation, name: string): number | undefined {
  const said = options[name]
  if (said === undefined) return undefined
  if (typeof said === 'string' && /^\d{1,15}$/.test(said)) return Number(said)
  throw new Ended(exitCode.usage, `Expected --${name} as a whole number, 0 or more, got "${String(said)}".`)
}
