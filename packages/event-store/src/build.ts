import type pg from 'pg'
import type { AnyProjection } from './projection.ts'
import { editionOfInline } from './projection.ts'
import type { Session } from './session.ts'
import { statement } from './statement.ts'

/** One making of a projection's rows, from the first event on. Several may stand side by side; one of them is read. */
export interface Build {
  readonly projection: string
  readonly build: number
  readonly edition: string
  /** Its checkpoint. */
  readonly position: number
}

/** The builds of one log's projections, as the database has them. */
export class Builds {
  readonly #session: Session
  readonly #schema: string

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#schema = schema
  }

  /** The build that is read, and its number alone where it has no checkpoint. */
  async live(projection: string): Promise<{ readonly build: number; readonly checkpoint: Build | undefined }> {
    const [row] = await this.#session.rows(
      `select coalesce(p.live, 1), b.edition, b.position
       from (select $1::text as name) given
       left join ${this.#schema}.projection p using (name)
       left join ${this.#schema}.build b on b.projection = given.name and b.build = coalesce(p.live, 1)`,
      [projection],
    )
    const [build, edition, position] = row!
    const number = Number(build)
    if (edition === null || edition === undefined) return { build: number, checkpoint: undefined }
    return { build: number, checkpoint: { projection, build: number, edition, position: Number(position) } }
  }

  /** Takes up a build of this edition that is not read yet, or begins one: from nothing, as `build` or a new number. */
  async begin(projection: AnyProjection, build?: number): Promise<Build> {
    const edition = editionOfAny(projection)
    const [row] = await this.#session.rows(
      `insert into ${this.#schema}.build (projection, build, edition, position)
       select $1, coalesce($3::integer, (
         select max(b.build) from ${this.#schema}.build b
         where b.projection = $1 and b.edition = $2
           and b.build > (select coalesce(max(p.live), 1) from ${this.#schema}.projection p where p.name = $1)
       ), 1 + greatest(
         (select coalesce(max(p.live), 1) from ${this.#schema}.projection p where p.name = $1),
         (select coalesce(max(b.build), 0) from ${this.#schema}.build b where b.projection = $1)
       )), $2, 0
       on conflict (projection, build) do update set edition = excluded.edition
       returning build, position`,
      [projection.name, edition, build ?? null],
    )
    return { projection: projection.name, build: Number(row![0]), edition, position: Number(row![1]) }
  }

  async position({ projection, build }: Build): Promise<number | undefined> {
    const [row] = await this.#session.rows(
      `select position from ${this.#schema}.build where projection = $1 and build = $2`,
      [projection, build],
    )
    return row === undefined ? undefined : Number(row[0])
  }

  /** Writes rows and moves the checkpoint; false when another moved it. `rows`: key to JSON text, or undefined to delete. */
  async advance(
    { projection, build }: Build,
    after: number,
    upTo: number,
    rows: ReadonlyMap<string, string | undefined>,
  ) {
    const given = Array.from(rows, ([key, value]) => `{"key":${JSON.stringify(key)},"value":${value ?? 'null'}}`)
    const [row] = await this.#session.rows(`select ${this.#schema}.put_build_rows($1, $2, $3, $4, $5)`, [
      projection,
      build,
      after,
      upTo,
      `[${given.join(',')}]`,
    ])
    return row![0] === 't'
  }

  async rows({ projection, build }: Build, keys: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#session.rows(
      `select key, value::text from ${this.#schema}.row where projection = $1 and build = $2 and key = any($3)`,
      [projection, build, keys],
    )
    return new Map(rows as [string, string][])
  }

  /** Points readers at this build; false while it has not seen enough, which for `whole` is all of the log. `on`: the transaction to do it in. */
  async switch(
    { projection, build }: Build,
    { atLeast = 0, whole = false, on }: { atLeast?: number; whole?: boolean; on?: pg.ClientBase },
  ): Promise<boolean> {
    const text = `select ${this.#schema}.switch_build($1, $2, $3, $4)`
    const [row] = await this.#session.rows(text, [projection, build, atLeast, whole], { on })
    return row![0] === 't'
  }

  /** Drops the rows of the builds before this one, some at a time. */
  async drop({ projection, build }: Build): Promise<void> {
    const text = statement('drop-build-rows', this.#schema)
    for (;;) {
      const { rowCount } = await this.#session.pool.query(text, [projection, build])
      if (rowCount === 0) return
    }
  }
}

export function editionOfAny(projection: AnyProjection): string {
  return 'kind' in projection ? projection.edition : editionOfInline(projection)
}
