import { trouble, type Trouble } from './problem.ts'

/** The ETag of a version: the version itself. */
export const etagOf = (version: number): string => `"${version}"`

/** Whether If-None-Match names what the caller would get (weak comparison, RFC 9110 section 13.1.2). */
export function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
}

/** The version a caller saw. `*` names none. A tag that no version has is version -1, which nothing matches. */
export function expectedOf(ifMatch: string | undefined): { readonly expected?: number } | Trouble {
  if (ifMatch === undefined || ifMatch.trim() === '*') return {}
  if (ifMatch.includes(',')) {
    return trouble(400, {
      code: 'HW_IF_MATCH_INVALID',
      detail: 'Expected the one ETag that was seen, such as "7", got a list.',
    })
  }
  const version = /^"(0|[1-9]\d{0,15})"$/.exec(ifMatch.trim())?.[1]
  return { expected: version === undefined ? -1 : Number(version) }
}

/** Bare, or quoted as the IETF draft has it; 1 to 255 visible ASCII characters. */
export function idempotencyKeyOf(header: string | undefined): { readonly idempotencyKey?: string } | Trouble {
  if (header === undefined) return {}
  const key = /^"?([\x21\x23-\x7e]{1,255})"?$/.exec(header.trim())?.[1]
  if (key !== undefined) return { idempotencyKey: key }
  return trouble(400, {
    code: 'HW_IDEMPOTENCY_KEY_INVALID',
    detail: 'Expected 1 to 255 visible ASCII characters as Idempotency-Key, such as a UUID.',
  })
}

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

export const traceparentOf = (header: string | null): { readonly traceparent?: string } =>
  header !== null && TRACEPARENT.test(header) ? { traceparent: header } : {}
