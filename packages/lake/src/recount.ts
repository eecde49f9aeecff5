import type { Catalogue } from './catalogue.ts'
import { contentsOf, positionsOf, type Snapshot } from './delta/snapshot.ts'
import type { Engine } from './engine.ts'
import type { Files } from './files.ts'
import { text, texts } from './sql.ts'

interface Counting {
  readonly files: Files
  readonly engine: Engine
  readonly catalogue: Catalogue
}

/** Events read at a time. */
const PAGE = 20_000

/** Brings the catalogue to what the table holds: from where it has counted up to. */
export async function countAgain(on: Counting, snapshot: Snapshot): Promise<void> {
  for (const [service, sealed] of positionsOf(snapshot)) await countService(on, snapshot, service, sealed)
}

async function countService(
  { files, engine, catalogue }: Counting,
  snapshot: Snapshot,
  service: string,
  sealed: number,
): Promise<void> {
  const era = catalogue.era(service)
  for (;;) {
    const after = catalogue.positions.get(service) ?? 0
    if (after >= sealed) return catalogue.complete(service)
    const to = Math.min(after + PAGE, sealed)
    const held = [...snapshot.files.values()].filter((add) => {
      const range = contentsOf(add).ranges[service]
      return range !== undefined && range[1] > after && range[0] <= to
    })
    const rows =
      held.length === 0
        ? []
        : await engine.rows(
            `select position, type, strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') as recorded, data
             from read_parquet(${texts(held.map(({ path }) => files.address(path)))})
             where service = ${text(service)} and position > ${after} and position <= ${to} order by position`,
          )
    // Forgotten meanwhile: this snapshot is of before, and whoever forgot counts again.
    if (catalogue.era(service) !== era) return
    const events = rows.map(({ position, type, recorded, data }) => ({
      position: Number(position),
      type,
      recordedAt: recorded,
      data: JSON.parse(data),
    }))
    catalogue.count(service, { after, to }, events)
  }
}
