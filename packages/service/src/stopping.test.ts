import { throwAwayLandscape } from '@headwater/testing'
import { expect, it } from 'vitest'
import { events, service } from './index.ts'

it('stops all services where one cannot stop its own work, and says so', async () => {
  const stopped: string[] = []
  const working = (name: string, stop: () => Promise<void>) =>
    service(name, { facts: events(name, {}), resources: [], start: async () => stop })
  const place = await throwAwayLandscape([
    working('stuck', () => Promise.reject(new Error('the printer is on fire'))),
    working('other', async () => void stopped.push('other')),
  ])
  const { pool } = place.landscape.services.get('stuck')!.surroundings
  const { store } = place.landscape.services.get('stuck')!
  await expect(place.landscape.stop()).rejects.toThrow('the printer is on fire')
  expect([stopped, pool.ended]).toEqual([['other'], true])
  const late = { streams: [{ stream: 'a-1', events: [] }], meta: { correlationId: 'c', causationId: 'c' } }
  await expect(store.append(late)).rejects.toMatchObject({ code: 'HW_CLOSED' })
  await place.drop()
})
