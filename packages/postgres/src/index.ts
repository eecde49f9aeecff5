export { PostgresFailed } from './failure.ts'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
