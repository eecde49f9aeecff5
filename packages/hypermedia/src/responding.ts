import { randomUUID } from 'node:crypto'
import type { Acting } from './acting.ts'
import type { Document } from './document.ts'
import type { FACES } from './face.ts'
import { documentPage, problemPage } from './html-face.ts'
import type { Answer } from './implementation.ts'
import type { Problem } from './problem.ts'
import type { Reply } from './reply.ts'
import type { Caller, Deprecation } from './resource.ts'

export type Server = Acting

export interface Asked {
  readonly request: Request
  readonly url: URL
  readonly caller: Caller | undefined
  /** Media type of the answer. */
  readonly face: (typeof FACES)[number]
}

export function documentReply(
  { site }: Server,
  document: Document,
  title: string,
  { face }: Asked,
  headers: Readonly<Record<string, string>> = {},
  version?: number,
): Reply {
  if (face === 'text/html') {
    return documentPage(document, { title, home: `${site.base}/`, version, newKey: randomUUID }, headers)
  }
  return { status: 200, headers: { 'content-type': face, ...headers }, body: JSON.stringify(document) }
}

/** An implementation's answer, in the face that was asked for; the bytes of the body stay. */
export function actionReply(
  { site }: Server,
  { status, headers, body }: Answer,
  { face }: Asked,
  deprecated: Deprecation | undefined,
): Reply {
  const isHtml = face === 'text/html'
  // What describes the body does not fit another one; all else, such as a cookie, is for whoever asked.
  const { 'content-type': _, 'content-location': itself, etag: __, location: to = itself, ...others } = headers
  if (status >= 400) {
    if (!isHtml) return { status, headers: { 'cache-control': 'no-store', ...headers }, body }
    return problemPage({ kind: 'trouble', problem: JSON.parse(body) as Problem, headers: others }, `${site.base}/`)
  }
  // A browser goes on to the resource, so that reloading the page does not send the form again.
  if (isHtml && to !== undefined) return { status: 303, headers: { ...others, location: to } }
  const type = isHtml ? {} : { 'content-type': face }
  const all = { 'cache-control': 'private, no-cache', ...headers, ...type, ...deprecationHeaders(deprecated) }
  return { status, headers: all, body }
}

/** RFC 9745 and RFC 8594. */
export function deprecationHeaders(deprecated: Deprecation | undefined): Record<string, string> {
  if (deprecated === undefined) return {}
  const { since, sunset, link } = deprecated
  return {
    deprecation: `@${Math.floor(Date.parse(since) / 1000)}`,
    ...(sunset !== undefined && { sunset: new Date(sunset).toUTCString() }),
    ...(link !== undefined && { link: `<${link}>; rel="deprecation"` }),
  }
}
