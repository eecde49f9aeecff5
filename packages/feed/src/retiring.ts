import type { EventType } from '@headwater/contract'

/** Type → time (RFC 3339) since which it is deprecated. */
export type DeprecatedSince = Readonly<Record<string, string>>

/**
 * Headers for readers who are shown deprecated types: since when the first of them is (RFC 9745), and when the first goes (RFC 8594).
 * A type whose beginning nobody knows has its end alone.
 */
export function retiringHeaders(shown: readonly EventType[], since: DeprecatedSince): Readonly<Record<string, string>> {
  const deprecated = shown.filter(({ level }) => level === 'deprecated')
  const first = (times: readonly (string | undefined)[]) =>
    Math.min(...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])))
  const begins = first(deprecated.map(({ type }) => since[type]))
  const ends = first(deprecated.map(({ until }) => until))
  return {
    ...(Number.isFinite(begins) ? { deprecation: `@${Math.floor(begins / 1_000)}` } : {}),
    ...(Number.isFinite(ends) ? { sunset: new Date(ends).toUTCString() } : {}),
  }
}
