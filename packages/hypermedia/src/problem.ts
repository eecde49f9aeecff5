import { type Reply, responseOf } from './reply.ts'
import type { Wrong } from './schema.ts'

/** RFC 9457. `code` is stable; `errors` point into the body by JSON Pointer. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail?: string
  readonly errors?: readonly Wrong[]
  readonly [extension: string]: unknown
}

/** What is to be said; `headers` go beside the document, further members into it. */
export interface ProblemSaid {
  readonly code: string
  readonly title?: string
  readonly detail?: string
  readonly errors?: readonly Wrong[]
  readonly headers?: Readonly<Record<string, string>>
  readonly [extension: string]: unknown
}

/** A problem on its way to a caller, with the headers that go with it. */
export interface Trouble {
  readonly kind: 'trouble'
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request could not be read',
  401: 'Who are you?',
  403: 'Not allowed',
  404: 'Nothing is here',
  405: 'This URL does not know that method',
  406: 'No such face',
  409: 'Not possible now',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Unknown kind of body',
  422: 'The content is not right',
  428: 'Say which version you saw',
  429: 'Too many requests',
  500: 'Our mistake',
  503: 'Not available now',
}

export function trouble(status: number, { code, title, headers, ...rest }: ProblemSaid): Trouble {
  const problem = {
    type: `urn:headwater:problem:${code}`,
    title: title ?? TITLES[status] ?? code,
    status,
    code,
    ...rest,
  }
  return { kind: 'trouble', problem, headers: headers ?? {} }
}

/** The body of a problem document. */
export const problemText = (problem: Problem): string => JSON.stringify(problem)

/** A problem document as an answer, the same for every handler of a service. */
export function problem(status: number, said: ProblemSaid): Response {
  return responseOf(problemReply(trouble(status, said)))
}

export function problemReply({ problem, headers }: Trouble): Reply {
  return {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: problemText(problem),
  }
}

export const isTrouble = (value: unknown): value is Trouble =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'trouble'
