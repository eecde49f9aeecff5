import { enter, type RequestFailed } from '@headwater/hypermedia/client'
import { QueryClient } from '@tanstack/react-query'

const said = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name=${name}]`)?.content ?? ''

/** Entry URL of the landscape. */
export const entry = said('entry')
/** What people call it. */
export const landscapeName = said('landscape')

/** A URL of the landscape as this page may ask for it: through its own origin, which adds the rights. */
export function through(url: string): string {
  const { origin, pathname, search } = new URL(url)
  return `/at/${encodeURIComponent(origin)}${pathname}${search}`
}

const gone = new EventTarget()

/** Called when the session does not hold any more. */
export function onSessionEnd(tell: () => void): () => void {
  gone.addEventListener('gone', tell)
  return () => gone.removeEventListener('gone', tell)
}

/** As `fetch`, at URLs of the landscape. */
export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(through(url), init)
  if (answer.status === 401) gone.dispatchEvent(new Event('gone'))
  // Without a URL of its own, so that links are resolved against what was asked for.
  const empty = answer.status === 204 || answer.status === 304
  return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers })
}

/** The landscape, by links from its entry URL on. Resources are of no type declared here: what is read of each stands beside its reader. */
export const landscape = enter<Record<string, any>>(entry, { fetch: ask, retries: 1, timeoutMs: 30_000 })

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (tried, error) => tried < 1 && (error as RequestFailed).status === 0,
      refetchOnWindowFocus: false,
    },
  },
})
