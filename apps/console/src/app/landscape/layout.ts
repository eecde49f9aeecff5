/** One reading of a feed, or one kind of call. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly kind: 'reads' | 'calls'
}

/** Of an upper left corner, in pixels. */
export interface Spot {
  readonly x: number
  readonly y: number
}

export interface Laid {
  readonly spots: ReadonlyMap<string, Spot>
  /** Where a reading passes the columns between its ends, from left to right; by `from to`. */
  readonly passages: ReadonlyMap<string, readonly Spot[]>
  readonly width: number
  readonly height: number
}

export const card = { width: 172, height: 62, gapX: 84, gapY: 20 }
/** Room for a line between two cards. */
const passage = 10
const sweeps = 8

export const edgeKey = ({ from, to }: Edge): string => `${from} ${to}`

/** A card, or the passage of an edge through a column. */
interface Stop {
  readonly name: string
  readonly passes?: string
}

/**
 * Services in columns: who is read stands left of who reads, as far as circles allow; in a column the order that crosses fewest lines, with
 * room for the lines that pass it. The same services and edges always lie the same way.
 */
export function layOut(names: readonly string[], edges: readonly Edge[], room: number): Laid {
  const columns = columnsOf(names, edges)
  const columnAt = new Map(columns.flatMap((column, index) => column.map((name) => [name, index] as const)))
  const { stops, links } = withPassages(columns, columnAt, edges)
  const ordered = untangled(stops, links)
  const height = Math.max(...ordered.map(tall), card.height)
  const least = Math.max(1, ordered.length - 1)
  const gap = Math.max(card.gapX, Math.min(200, (room - ordered.length * card.width) / least))
  const spots = new Map<string, Spot>()
  const passages = new Map<string, Spot[]>()
  ordered.forEach((column, index) => {
    const x = index * (card.width + gap)
    let y = (height - tall(column)) / 2
    for (const { name, passes } of column) {
      if (passes === undefined) spots.set(name, { x, y })
      else passages.set(passes, [...(passages.get(passes) ?? []), { x, y: y + passage / 2 }])
      y += (passes === undefined ? card.height : passage) + card.gapY
    }
  })
  return { spots, passages, width: ordered.length * (card.width + gap) - gap, height }
}

const tall = (column: readonly Stop[]): number =>
  column.reduce((sum, { passes }) => sum + (passes === undefined ? card.height : passage) + card.gapY, -card.gapY)

/** Longest way from a service that reads nobody; an edge that would close a circle is not counted. */
function columnsOf(names: readonly string[], edges: readonly Edge[]): string[][] {
  const reads = forward(names, edges)
  const depth = new Map<string, number>()
  const depthOf = (name: string): number => {
    const known = depth.get(name)
    if (known !== undefined) return known
    const before = reads.filter(({ to }) => to === name).map(({ from }) => depthOf(from) + 1)
    const found = Math.max(0, ...before)
    depth.set(name, found)
    return found
  }
  const deepest = Math.max(0, ...names.map(depthOf))
  const columns = Array.from({ length: deepest + 1 }, (_, at) => names.filter((name) => depthOf(name) === at))
  return columns.filter(({ length }) => length > 0)
}

function forward(names: readonly string[], edges: readonly Edge[]): Edge[] {
  const known = new Set(names)
  const all = edges.filter(({ from, to, kind }) => kind === 'reads' && from !== to && known.has(from) && known.has(to))
  // The most read first: what everybody reads is where water springs.
  const readBy = (name: string) =>
    all.filter(({ from }) => from === name).length - all.filter(({ to }) => to === name).length
  const order = [...names].sort((a, b) => readBy(b) - readBy(a) || (a < b ? -1 : 1))
  const place = new Map(order.map((name, index) => [name, index]))
  return all.filter(({ from, to }) => place.get(from)! < place.get(to)!)
}

/** Cards and passages by column, and the links between neighbouring columns. */
function withPassages(
  columns: readonly (readonly string[])[],
  columnAt: ReadonlyMap<string, number>,
  edges: readonly Edge[],
): { stops: Stop[][]; links: (readonly [string, string])[] } {
  const stops: Stop[][] = columns.map((column) => column.map((name) => ({ name })))
  const links: (readonly [string, string])[] = []
  for (const edge of edges) {
    const [a, b] = [columnAt.get(edge.from), columnAt.get(edge.to)]
    if (a === undefined || b === undefined) continue
    let before = a < b ? edge.from : edge.to
    for (let column = Math.min(a, b) + 1; edge.kind === 'reads' && column < Math.max(a, b); column++) {
      const name = `${edgeKey(edge)} ${column}`
      stops[column]!.push({ name, passes: edgeKey(edge) })
      links.push([before, name])
      before = name
    }
    links.push([before, a < b ? edge.to : edge.from])
  }
  return { stops, links }
}

/** A few sweeps of barycentres. */
function untangled(columns: readonly (readonly Stop[])[], links: readonly (readonly [string, string])[]): Stop[][] {
  const ordered = columns.map((column) => [...column])
  const at = new Map<string, number>()
  const place = (column: readonly Stop[]) =>
    column.forEach(({ name }, row) => at.set(name, row - (column.length - 1) / 2))
  ordered.forEach(place)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const column of sweep % 2 === 0 ? ordered : ordered.toReversed()) {
      const middle = new Map(column.map(({ name }) => [name, barycentre(name, links, at)]))
      column.sort((a, b) => middle.get(a.name)! - middle.get(b.name)! || (a.name < b.name ? -1 : 1))
      place(column)
    }
  }
  return ordered
}

function barycentre(
  name: string,
  links: readonly (readonly [string, string])[],
  at: ReadonlyMap<string, number>,
): number {
  const others = links.flatMap(([from, to]) => (from === name ? [to] : to === name ? [from] : []))
  const rows = others.flatMap((other) => at.get(other) ?? [])
  return rows.length === 0 ? (at.get(name) ?? 0) : rows.reduce((sum, row) => sum + row, 0) / rows.length
}
