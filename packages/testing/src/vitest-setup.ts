import { startTestPostgres } from './throw-away-database.ts'

/** For vitest's `globalSetup`: one Postgres for the whole run. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.HEADWATER_TEST_POSTGRES !== undefined) return undefined
  const server = await startTestPostgres()
  process.env.HEADWATER_TEST_POSTGRES = server.url
  return server.stop
}
