export { PostgresFailed } from './failure.ts'
export { findPostgres, type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
