/** Which rows of a projection, by key. */
export interface RowRange {
  /** Keys that start with this text. */
  readonly prefix?: string
  /** Behind this key: the last one of the page before. */
  readonly after?: string
  /** As many; without it all there are, and a failure (`HW_TOO_MANY_ROWS`) where they are more than can be read at once. */
  readonly limit?: number
  /** From the last key on; default false. Where keys end in a version or a time: the newest first. */
  readonly newestFirst?: boolean
}

export type Rows = <Value = any>(projection: string, range: RowRange) => Promise<{ key: string; value: Value }[]>

/** Reads rows of the live build of projections. @param most that are read where no limit is asked for */
export function rowsOf(
  query: (sql: string, params: readonly unknown[]) => Promise<any[]>,
  most = Number.POSITIVE_INFINITY,
): Rows {
  return async (projection, { prefix = '', after, limit, newestFirst = false }) => {
    const [beyond, order] = newestFirst ? ['<', 'desc'] : ['>', 'asc']
    const wanted = limit ?? (Number.isFinite(most) ? most + 1 : null)
    const rows = await query(
      `select key, value from headwater.rows where projection = $1 and starts_with(key, $2)
       and ($3::text is null or key ${beyond} $3) order by key ${order} limit $4`,
      [projection, prefix, after ?? null, wanted],
    )
    if (limit === undefined && rows.length > most) throw tooMany(projection, prefix, most)
    return rows
  }
}

const tooMany = (projection: string, prefix: string, most: number): Error =>
  Object.assign(
    new Error(
      `Expected at most ${most} rows of ${projection} with keys like "${prefix}…", found more. Read them in pages: limit, and after the last key.`,
    ),
    { code: 'HW_TOO_MANY_ROWS' },
  )
