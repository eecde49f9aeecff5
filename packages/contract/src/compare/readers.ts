import { concernedBy, type Reads } from '../fields.ts'
import type { Change } from './contracts.ts'

/** Somebody who reads a service's events, as the service knows him. */
export interface KnownReader {
  /** `accounts/close-accounts-of-leavers`, or who the token said. */
  readonly name: string
  /** Types and fields read; absent for one who declared nothing: he counts as reading everything. */
  readonly reads?: Reads
  /** Published versions read, by type, where they are known: of the others no change concerns him. */
  readonly versions?: Readonly<Record<string, number>>
  /** When it was last seen to read, RFC 3339. */
  readonly lastRead?: string
  /** When a field of a type was last seen to be read. */
  readonly observed?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** A reader who would not survive a change, and by what he reads. */
export interface Broken {
  readonly reader: string
  /** Fields concerned; none for a reader that counts as reading everything, or when the whole type is. */
  readonly fields: readonly string[]
  readonly declared: boolean
  readonly lastRead?: string
}

/** Who would be broken by a change. What was observed adds to what was declared, and never takes away. */
export function brokenBy(change: Change, readers: readonly KnownReader[]): Broken[] {
  if (change.breaks !== 'readers') return []
  return readers.flatMap((reader): Broken[] => {
    const { version, reader: only = reader.name } = change
    if (reader.name !== only && !reader.name.startsWith(`${only}/`)) return []
    if (version !== undefined && (reader.versions?.[change.type] ?? version) !== version) return []
    const seen = reader.observed?.[change.type] ?? {}
    const last = lastOf(reader, seen, change.at)
    const found = (fields: readonly string[], declared: boolean): Broken[] => [
      { reader: reader.name, fields, declared, ...(last === undefined ? {} : { lastRead: last }) },
    ]
    if (reader.reads === undefined) return found([], false)
    const read = reader.reads[change.type]
    const fields = [...new Set([...(read ?? []), ...Object.keys(seen)])]
    if (read === undefined && fields.length === 0) return []
    if (change.at === '') return found([], true)
    const concerned = concernedBy(change.at, fields)
    return concerned.length === 0 ? [] : found(concerned, true)
  })
}

function lastOf({ lastRead }: KnownReader, seen: Readonly<Record<string, string>>, at: string): string | undefined {
  return (
    concernedBy(at, Object.keys(seen))
      .map((field) => seen[field]!)
      .toSorted()
      .at(-1) ?? lastRead
  )
}
