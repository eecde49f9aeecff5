import { type DuckDBConnection, DuckDBTypeId, type Json, JsonDuckDBValueConverter } from '@duckdb/node-api'
import type { QueryLimits, Rows } from './protocol.ts'

/** Answers rows up to the limits; what lies beyond is not computed where it need not be. */
export async function readRowsOf(connection: DuckDBConnection, sql: string, limits: QueryLimits): Promise<Rows> {
  const result = await connection.stream(sql)
  const columns = result
    .columnNames()
    .map((column, index) => ({ name: column, type: String(result.columnType(index)) }))
  const converters = columns.map((_, index) => converterOf(result.columnTypeId(index)))
  const rows: unknown[][] = []
  let bytes = 0
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const row of chunk.convertRows(JsonDuckDBValueConverter)) {
      const shown = row.map((value, index) => (value === null ? null : converters[index]!(value)))
      bytes += JSON.stringify(shown).length
      if (rows.length >= limits.rows || bytes > limits.bytes) return { columns, rows, truncated: true }
      rows.push(shown)
    }
  }
  return { columns, rows, truncated: false }
}

type Convert = (value: Json) => unknown

/** Whole numbers are numbers while those are exact, else decimal text; times are RFC 3339 in UTC. */
function converterOf(type: DuckDBTypeId): Convert {
  switch (type) {
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (value) =>
        `${String(value)
          .replace(' ', 'T')
          .replace(/[+-]00(:00)?$/, '')}Z`
    default:
      return (value) => value
  }
}
