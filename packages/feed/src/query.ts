import { type After, parseAfter } from './cursor.ts'
import { refusal } from './problem.ts'
import type { Choice } from './view.ts'

/** What a reader asks of a feed. */
export interface Query {
  readonly after: After | { readonly eventId: string }
  /** Absent: as much as the face gives. */
  readonly limit?: number
  readonly waitMs: number
  readonly choice: Choice
  /** RFC 3339. */
  readonly since?: string
  readonly until?: string
}

export const mostEvents = 5_000
const mostWaitMs = 60_000

/** Reads the parameters and `Last-Event-ID`. Throws 400. */
export function parseQuery(parameters: URLSearchParams, headers: Headers): Query {
  const limit = numberOf(parameters, 'limit', mostEvents)
  return {
    after: afterOf(parameters, headers),
    ...(limit === undefined ? {} : { limit }),
    waitMs:
      numberOf(parameters, 'timeout', mostWaitMs) ?? 1_000 * (numberOf(parameters, 'wait', mostWaitMs / 1_000) ?? 0),
    choice: parseChoice(parameters.getAll('type')),
    ...timeOf(parameters, 'since'),
    ...timeOf(parameters, 'until'),
  }
}

/** Everything, unless types are named. `Saved@2` names a published version; `*` means the rest too. */
export function parseChoice(values: readonly string[]): Choice {
  const named = values.flatMap((value) => value.split(',')).filter((name) => name !== '')
  const versions = new Map<string, number | undefined>()
  for (const name of named) {
    if (name === '*') continue
    const [, type, version] = /^([^@\s]{1,100})(?:@(\d{1,6}))?$/.exec(name) ?? []
    if (type === undefined) {
      throw refusal('HW_PARAMETER_INVALID', `Expected type to be like "Saved" or "Saved@2", got "${name}".`)
    }
    versions.set(type, version === undefined ? undefined : Number(version))
  }
  return { key: named.join(), all: versions.size === 0 || named.includes('*'), versions }
}

function afterOf(parameters: URLSearchParams, headers: Headers): Query['after'] {
  const resumed = headers.get('last-event-id')
  if (resumed !== null && resumed !== '') return parseAfter(resumed)
  const eventId = parameters.get('lastEventId')
  if (eventId !== null && eventId !== '') return { eventId }
  return parseAfter(parameters.get('after') || 'start')
}

function numberOf(parameters: URLSearchParams, name: string, most: number): number | undefined {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || (name === 'limit' && text.includes('.'))) {
    throw refusal('HW_PARAMETER_INVALID', `Expected ${name} to be a number from 0 to ${most}, got "${text}".`)
  }
  return Math.min(Number(text), most)
}

function timeOf(parameters: URLSearchParams, name: 'since' | 'until'): { [name]?: string } {
  const text = parameters.get(name)
  if (text === null || text === '') return {}
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(day) || Number.isNaN(Date.parse(day))) {
    throw refusal(
      'HW_PARAMETER_INVALID',
      `Expected ${name} to be a time like "2027-01-31T12:00:00Z" or a day, got "${text}". A "+" in a URL is written "%2B".`,
    )
  }
  return { [name]: day }
}
