import type { Catalogue } from './catalogue.ts'
import { contentsOf, positionsOf, type Snapshot } from './delta/snapshot.ts'
import type { Engine } from './engine.ts'
import type { Files } from './files.ts'
import { text, texts } from './sql.ts'

/** Events read at a time. */
const PAGE = 20_000

/** Brings the catalogue to what the table holds: from where it has counted up to. */
export async function countAgain(
  on: { files: Files; engine: Engine; catalogue: Catalogue },
  snapshot: Snapshot,
): Promise<void> {
  for (const [service, sealed] of positionsOf(snapshot)) {
    for (let from = on.catalogue.positions.get(service) ?? 0; from < sealed; from += PAGE) {
      const files = [...snapshot.files.values()].filter((add) => {
        const range = contentsOf(add).ranges[service]
        return range !== undefined && range[1] > from && range[0] <= from + PAGE
      })
      if (files.length === 0) continue
      const rows = await on.engine.rows(
        `select position, type, strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') as recorded, data
         from read_parquet(${texts(files.map(({ path }) => on.files.address(path)))})
         where service = ${text(service)} and position > ${from} and position <= ${from + PAGE} order by position`,
      )
      for (const { position, type, recorded, data } of rows)
        on.catalogue.observe(service, {
          position: Number(position),
          type,
          recordedAt: recorded,
          data: JSON.parse(data),
        })
    }
  }
}
