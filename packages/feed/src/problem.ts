import { problem } from '@headwater/hypermedia'

/** Codes of refusals, each with its HTTP status and title (spec/feed.md, "Refusals"). */
const problems = {
  HW_CURSOR_MALFORMED: [400, 'The cursor cannot be read'],
  HW_PARAMETER_INVALID: [400, 'A parameter cannot be used'],
  HW_TYPE_NOT_SHOWN: [400, 'This feed does not show such events to you'],
  HW_UNAUTHENTICATED: [401, 'Say who you are'],
  HW_FORBIDDEN: [403, 'You may not read this feed'],
  HW_NO_SUCH_EVENT: [404, 'No such event'],
  HW_NO_SUCH_PAGE: [404, 'No such page'],
  HW_METHOD_NOT_ALLOWED: [405, 'A feed is only read'],
  HW_NOT_ACCEPTABLE: [406, 'This feed has no such face'],
  HW_LOG_FORKED: [409, 'The log forked'],
  HW_LOG_DIVERGED: [409, 'The cursor is of another log'],
  HW_EDITION_GONE: [410, 'This edition is no more'],
  HW_RATE_LIMITED: [429, 'Too many requests'],
  HW_EVENT_UNREADABLE: [500, 'An event cannot be shown'],
  HW_LOG_UNAVAILABLE: [503, 'The log cannot be read now'],
} as const

export type ProblemCode = keyof typeof problems

/** A request that is answered with a problem document. */
export class Refusal extends Error {
  readonly code: ProblemCode
  readonly more: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  constructor(
    code: ProblemCode,
    detail: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail)
    this.code = code
    this.more = more
    this.headers = headers
  }
}

export function refusal(...said: ConstructorParameters<typeof Refusal>): Refusal {
  return new Refusal(...said)
}

/** The problem document (RFC 9457) of a refusal. */
export function problemOf({ code, message, more, headers }: Refusal): Response {
  const [status, title] = problems[code]
  return problem(status, { title, detail: message, code, ...more, headers })
}
