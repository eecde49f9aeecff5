import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Service } from '@headwater/service'
import type { Landscape, LandscapeOptions } from '@headwater/service/landscape'
import { throwAwayServer } from './throw-away-database.ts'

export interface ThrowAwayLandscape {
  readonly landscape: Landscape
  /** Stops the services and removes all they kept. */
  drop(): Promise<void>
}

/** Services that run for one test, on databases of their own on the test server; silent and without a lake unless said otherwise. */
export async function throwAwayLandscape(
  services: readonly Service[],
  options: Omit<Partial<LandscapeOptions>, 'postgres' | 'name' | 'directory'> = {},
): Promise<ThrowAwayLandscape> {
  // Loaded here: servers and the lake are nothing that the test of a decider should wait for.
  const { startLandscape } = await import('@headwater/service/landscape')
  const directory = await mkdtemp(join(tmpdir(), 'headwater-throw-away-'))
  const server = await throwAwayServer()
  const remove = async () => {
    await server.drop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const place = { postgres: server.url, name: server.name, directory }
    const landscape = await startLandscape(services, { lake: false, log: () => undefined, ...options, ...place })
    return {
      landscape,
      async drop() {
        await landscape.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
