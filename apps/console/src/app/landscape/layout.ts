/** One reading of a feed, or one kind of call. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly kind: 'reads' | 'calls'
}

export interface Spot {
  readonly name: string
  /** Of its upper left corner, in pixels. */
  readonly x: number
  readonly y: number
}

export interface Laid {
  readonly spots: ReadonlyMap<string, Spot>
  readonly width: number
  readonly height: number
}

export const card = { width: 172, height: 62, gapX: 84, gapY: 20 }

/**
 * Services in columns: who is read stands left of who reads, as far as cycles allow; in a column the order that crosses fewest lines.
 * The same services and edges always lie the same way.
 */
export function layOut(names: readonly string[], edges: readonly Edge[], room: number): Laid {
  const columns = columnsOf(names, edges)
  const ordered = untangled(columns, edges)
  const tallest = Math.max(1, ...ordered.map(({ length }) => length))
  const height = tallest * (card.height + card.gapY) - card.gapY
  const gap = Math.max(card.gapX, Math.min(200, (room - ordered.length * card.width) / Math.max(1, ordered.length - 1)))
  const spots = ordered.flatMap((column, index) => {
    const tall = column.length * (card.height + card.gapY) - card.gapY
    return column.map((name, row) => ({
      name,
      x: index * (card.width + gap),
      y: (height - tall) / 2 + row * (card.height + card.gapY),
    }))
  })
  const width = ordered.length * (card.width + gap) - gap
  return { spots: new Map(spots.map((spot) => [spot.name, spot])), width, height }
}

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

/** A few sweeps of barycentres. */
function untangled(columns: readonly (readonly string[])[], edges: readonly Edge[]): string[][] {
  const ordered = columns.map((column) => [...column])
  for (let sweep = 0; sweep < 6; sweep++) {
    const at = new Map(ordered.flatMap((column) => column.map((name, row) => [name, row - column.length / 2] as const)))
    for (const column of ordered) {
      const middle = new Map(column.map((name) => [name, barycentre(name, edges, at)]))
      column.sort((a, b) => middle.get(a)! - middle.get(b)! || (a < b ? -1 : 1))
      column.forEach((name, row) => at.set(name, row - column.length / 2))
    }
  }
  return ordered
}

function barycentre(name: string, edges: readonly Edge[], at: ReadonlyMap<string, number>): number {
  const others = edges.flatMap(({ from, to }) => (from === name ? [to] : to === name ? [from] : []))
  const rows = others.flatMap((other) => at.get(other) ?? [])
  return rows.length === 0 ? (at.get(name) ?? 0) : rows.reduce((sum, row) => sum + row, 0) / rows.length
}
