import type { View } from '../views.ts'
import type { Statement } from './statement.ts'

/** What the asking process may use. */
export interface ProcessLimits {
  /** Megabytes DuckDB may hold; the process ends itself when it grows beyond twice that. */
  readonly memoryMb: number
  readonly threads: number
  /** Megabytes it may spill to disk. */
  readonly spillMb: number
}

export interface QueryLimits {
  readonly timeMs: number
  /** Rows answered; more are cut off, and the answer says so. */
  readonly rows: number
  /** Bytes of rows answered, or of a file exported. */
  readonly bytes: number
}

export type Format = 'json' | 'csv' | 'parquet'

export interface Column {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
}

export interface Rows {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly unknown[])[]
  readonly truncated: boolean
}

/** A question with all that the process needs to answer it. */
export interface Ask {
  readonly sql: string
  readonly views: readonly View[]
  readonly limits: QueryLimits
  /** Where to write an export; rows are answered without. */
  readonly export?: { readonly path: string; readonly format: Format }
}

/** Where a process may read and write. */
export interface Places {
  /** Folder of the table's segments. */
  readonly readable: string
  /** A folder of its own: what it is handed, what it exports, where it spills. */
  readonly folder: string
}

/** What the tail of a process lacks. */
export interface Feed {
  /** A file of rows to add. */
  readonly rows?: string
  /** Position sealed by service: the tail lets go of what is up to there. */
  readonly sealed: ReadonlyMap<string, number>
}

export type Call =
  | ({ readonly kind: 'start'; readonly limits: ProcessLimits } & Places)
  | { readonly kind: 'inspect'; readonly sql: string }
  | ({ readonly kind: 'feed' } & Feed)
  | ({ readonly kind: 'ask' } & Ask)
  | { readonly kind: 'cancel' }

export interface Request {
  readonly id: number
  readonly call: Call
}

export type Reply = { readonly id: number } & (
  | { readonly value: Statement | Rows | undefined }
  | { readonly error: { readonly code: `HW_${string}`; readonly message: string } }
)

/** Exit code of a process that grew beyond its memory. */
export const OUT_OF_MEMORY = 77
