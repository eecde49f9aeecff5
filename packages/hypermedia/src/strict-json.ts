import { trouble, type Trouble } from './problem.ts'

/** Levels of nesting in a body; validators recurse, and no form has that many. */
export const MAX_DEPTH = 64

/**
 * JSON as RFC 8259 with I-JSON's strictness (RFC 7493): no double keys, no lone surrogates; besides no U+0000 and no `__proto__`.
 * What two readers could understand differently must not be kept.
 */
export function parseStrict(text: string): { readonly kind: 'json'; readonly value: unknown } | Trouble {
  const fault = scan(text)
  if (fault !== undefined) return malformed(fault)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return malformed(`Expected JSON, got something else: ${(error as Error).message.slice(0, 200)}`)
  }
  if (text.includes('\\u')) {
    const pointer = badTextIn(value, '')
    if (pointer !== undefined) {
      return trouble(400, {
        code: 'HW_BODY_MALFORMED',
        detail: 'Expected Unicode text, got a lone surrogate or U+0000.',
        errors: [{ pointer, detail: 'lone surrogate or U+0000' }],
      })
    }
  }
  return { kind: 'json', value }
}

const malformed = (detail: string): Trouble => trouble(400, { code: 'HW_BODY_MALFORMED', detail })

/** Finds depth and double keys before anything recursive sees the text; leaves grammar to JSON.parse. */
function scan(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let at = 0
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === 34) {
      const end = endOfString(text, at)
      if (end === -1) return 'Expected JSON, got a string without an end.'
      const keys = open.at(-1)
      if (keys !== undefined && isKey(text, end)) {
        const key = keyOf(text.slice(at, end))
        if (key === '__proto__') return 'Expected no key named __proto__.'
        if (keys.has(key)) return `Expected each key once, got ${JSON.stringify(key).slice(0, 100)} twice.`
        keys.add(key)
      }
      at = end
      continue
    }
    if (c === 123) open.push(new Set())
    else if (c === 91) open.push(undefined)
    else if (c === 125 || c === 93) open.pop()
    if (open.length > MAX_DEPTH) return `Expected at most ${MAX_DEPTH} levels of nesting, got more.`
    at++
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return end + 1
    end = text.indexOf('"', end + 1)
  }
  return -1
}

function isKey(text: string, after: number): boolean {
  let at = after
  while (at < text.length && text.charCodeAt(at) <= 32) at++
  return text.charCodeAt(at) === 58
}

function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted
  }
}

// A surrogate that is half of a pair is no code point of its own under the u flag.
// oxlint-disable-next-line no-control-regex
const BAD = /\p{Cs}|\u0000/u

/** Pointer of the first text that Postgres or UTF-8 could not keep. Depth is bounded by the scan. */
export function badTextIn(value: unknown, pointer: string): string | undefined {
  if (typeof value === 'string') return BAD.test(value) ? pointer : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    if (BAD.test(key)) return pointer
    const found = badTextIn(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    if (found !== undefined) return found
  }
  return undefined
}
