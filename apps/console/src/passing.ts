import { problem } from '@headwater/hypermedia'

export interface Passing {
  /** Asks in the operator's name: the token is added here and never reaches the page. */
  readonly fetch: typeof fetch
  /** Origins of the landscape and of its services elsewhere. Nobody else is asked. */
  readonly origins: readonly string[]
}

/** `/at/{origin}/{path}`: the page asks the landscape through its own origin, and links stay what the landscape said. */
export const passed = '/at/'

const asked = ['accept', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'last-event-id', 'traceparent']
const answered = ['content-type', 'etag', 'retry-after', 'content-disposition', 'link', 'allow']

export async function pass(request: Request, { fetch, origins }: Passing): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const [, named = '', path = ''] = /^\/at\/([^/]+)(\/.*)$/.exec(pathname) ?? []
  const origin = decoded(named)
  if (!origins.includes(origin)) {
    return problem(404, {
      code: 'HW_NOT_OF_THE_LANDSCAPE',
      title: 'Nobody there is asked',
      detail: `Expected ${origins.join(' or ')}, got "${origin.slice(0, 200)}".`,
    })
  }
  const headers = picked(request.headers, asked)
  const body = request.body === null ? null : await request.arrayBuffer()
  const answer = await fetch(`${origin}${path}${search}`, {
    method: request.method,
    headers,
    body,
    redirect: 'manual',
    signal: request.signal,
  })
  const shown = picked(answer.headers, answered)
  for (const [name, value] of answer.headers) if (name.startsWith('headwater-')) shown.set(name, value)
  shown.set('cache-control', 'no-store')
  // Whatever a service answers, at this origin it is data: it runs no script and shows no page.
  shown.set('content-security-policy', "default-src 'none'; sandbox")
  shown.set('x-content-type-options', 'nosniff')
  return new Response(answer.body, { status: answer.status, headers: shown })
}

function picked(from: Headers, names: readonly string[]): Headers {
  const headers = new Headers()
  for (const name of names) {
    const value = from.get(name)
    if (value !== null) headers.set(name, value)
  }
  return headers
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
