import { createHash } from 'node:crypto'
import type { Caller } from '@headwater/hypermedia'
import type { KnownLog } from './known-log.ts'
import type { Links } from './links.ts'
import type { OpenWaits } from './open-waits.ts'
import type { Choice, View, ViewName } from './view.ts'

/** What every answer of one feed needs. */
export interface Serving {
  readonly known: KnownLog
  readonly service: string
  readonly view: ViewName
  readonly links: Links
  readonly viewFor: (caller: Caller | undefined, choice: Choice) => View
  readonly now: () => Date
  /** Open to everyone: shared caches may keep aligned pages. */
  readonly open: boolean
  /** Requests that are held open. */
  readonly waits: OpenWaits
}

/** One request, let in. */
export interface Asked {
  readonly url: URL
  readonly headers: Headers
  readonly signal: AbortSignal
  readonly caller: Caller | undefined
}

export const everything: Choice = { key: '', all: true, versions: new Map() }

/** Whose requests are counted together: a client's, else a subject's; those of nobody are one. */
export const clientOf = (caller: Caller | undefined): string => caller?.client ?? caller?.subject ?? ''

/** Hash of everything that decides the bytes of an answer: the view, with its contract and access class, and the lineage. */
export function editionOf(view: View, lineage: string): string {
  const known = editions.get(view)
  if (known?.lineage === lineage) return known.edition
  const edition = createHash('sha256').update(`${view.hash} ${lineage}`).digest('hex').slice(0, 16)
  editions.set(view, { lineage, edition })
  return edition
}

const editions = new WeakMap<View, { readonly lineage: string; readonly edition: string }>()

/** Name of the present lineage. */
export async function lineageOf(known: KnownLog): Promise<string> {
  const [newest] = await known.lineage()
  if (newest === undefined) throw new Error('Expected the log to name its lineage, got none.')
  return newest.log
}

export const bothAccepts = { vary: 'accept, accept-encoding' }
