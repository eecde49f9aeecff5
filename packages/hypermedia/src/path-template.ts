import { failure } from './failure.ts'

/**
 * The part of RFC 6570 that can be read both ways: literal segments, whole segments `{name}`, and `{?a,b}` at the end.
 * `expand` gives what RFC 6570 says for text and numbers; `match` gives the variables back.
 */
export interface PathTemplate {
  readonly text: string
  readonly segments: readonly Segment[]
  readonly inPath: readonly string[]
  readonly inQuery: readonly string[]
  /** Throws `HW_VARIABLE_MISSING` when a variable of the path is missing, empty or a dot segment, which URL parsers eat. */
  expand(variables: Readonly<Record<string, unknown>>): string
}

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }

const WHOLE = /^((?:\/(?:[A-Za-z0-9._~:@-]+|\{[A-Za-z_]\w*\}))+|\/)(?:\{\?([A-Za-z_]\w*(?:,[A-Za-z_]\w*)*)\})?$/

/** Throws `HW_PATH_TEMPLATE` for anything that could not be matched unambiguously. */
export function pathTemplate(text: string): PathTemplate {
  const [, path, query] = WHOLE.exec(text) ?? []
  const segments = (path ?? '').split('/').slice(1).filter(Boolean).map(segmentOf)
  const inPath = segments.flatMap((segment) => (segment.kind === 'variable' ? [segment.name] : []))
  const inQuery = query?.split(',') ?? []
  if (path === undefined || new Set([...inPath, ...inQuery]).size < inPath.length + inQuery.length) {
    throw failure(
      'HW_PATH_TEMPLATE',
      `Expected a path such as /pots/{potId} or /entries{?after,limit} (whole segments, each name once), got ${text}.`,
    )
  }
  const expand = (variables: Readonly<Record<string, unknown>>) =>
    expandPath(segments, variables, text) + expandQuery(inQuery, variables)
  return { text, segments, inPath, inQuery, expand }
}

const segmentOf = (text: string): Segment =>
  text.startsWith('{') ? { kind: 'variable', name: text.slice(1, -1) } : { kind: 'literal', text }

function expandPath(segments: readonly Segment[], variables: Readonly<Record<string, unknown>>, text: string): string {
  if (segments.length === 0) return '/'
  let path = ''
  for (const segment of segments) {
    if (segment.kind === 'literal') path += `/${segment.text}`
    else {
      const value = variables[segment.name]
      if (value === undefined || value === null || value === '' || value === '.' || value === '..') {
        throw failure(
          'HW_VARIABLE_MISSING',
          `Expected text for ${segment.name} of ${text} that can stand in a URL, got ${JSON.stringify(value) ?? 'none'}.`,
        )
      }
      path += `/${encode(String(value))}`
    }
  }
  return path
}

function expandQuery(names: readonly string[], variables: Readonly<Record<string, unknown>>): string {
  let query = ''
  for (const name of names) {
    const value = variables[name]
    if (value === undefined || value === null) continue
    query += `${query === '' ? '?' : '&'}${name}=${encode(String(value))}`
  }
  return query
}

/** Everything but unreserved characters (RFC 6570 section 3.2.1). */
export function encode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** What may name something in a path: 1 to 200 characters, none of them a control character, a quote or a backslash. */
export const isName = (text: string): boolean =>
  /^[^\p{Cc}\p{Cs}"\\]{1,200}$/u.test(text) && text !== '.' && text !== '..'

/** The text of a percent-encoded segment; undefined when it is not UTF-8. */
export function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
