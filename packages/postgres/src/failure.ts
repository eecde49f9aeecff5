/** The embedded Postgres could not be started or stopped; the sentence says why and what to do. */
export class PostgresFailed extends Error {
  readonly code = 'HW_POSTGRES'
}
