import { cursorText } from './cursor.ts'
import type { Place } from './place.ts'

export const pageSize = 1_000

/** Positions of an aligned page, both inclusive. */
export interface Aligned {
  readonly from: number
  readonly to: number
}

/** Where a feed's documents are. */
export class Links {
  readonly feed: string
  readonly home: string
  constructor(feed: string, home: string) {
    this.feed = feed
    this.home = home
  }

  /** Keeps the filters of what was asked, so that following `next` stays inside them. */
  after(place: Place, asked?: URLSearchParams): string {
    const parameters = new URLSearchParams({ after: cursorText(place) })
    for (const name of ['type', 'until', 'limit', 'wait']) {
      for (const value of asked?.getAll(name) ?? []) parameters.append(name, value)
    }
    return `${this.feed}?${parameters}`
  }

  page(edition: string, { from, to }: Aligned): string {
    return `${this.feed}/${edition}/${from}-${to}`
  }

  /** Links that are the same on every page. */
  get standing(): Record<string, { href: string; templated?: true }> {
    return {
      first: { href: `${this.feed}?after=start` },
      event: { href: `${this.feed}/{position}`, templated: true },
      find: { href: `${this.feed}{?after,limit,wait,type,since,until}`, templated: true },
      home: { href: this.home },
    }
  }
}

/** The largest aligned range of at most `most` positions that begins at `from`; undefined when none does. */
export function alignedAt(from: number, most: number = pageSize): Aligned | undefined {
  for (let size = most; size >= 1; size /= 10) if ((from - 1) % size === 0) return { from, to: from + size - 1 }
  return undefined
}

/** The aligned page of the rule that a position lies in. */
export function pageOf(position: number): Aligned {
  const from = position - ((position - 1) % pageSize)
  return { from, to: from + pageSize - 1 }
}
