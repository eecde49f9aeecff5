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

it('takes a service away that cannot stop its own work, puts another in its place, and says why', async () => {
  const said: object[] = []
  const stuck = service('stuck', {
    facts: events('stuck', {}),
    resources: [],
    start: async () => () => Promise.reject(new Error('the printer is on fire')),
  })
  const place = await throwAwayLandscape([stuck], {
    log: (_, event, more) => event === 'stop-failed' && said.push(more!),
  })
  await place.landscape.mount(stuck)
  const { pool } = place.landscape.services.get('stuck')!.surroundings
  await place.landscape.unmount('stuck')
  expect([pool.ended, place.landscape.services.size]).toEqual([true, 0])
  const failed = { service: 'stuck', message: 'the printer is on fire' }
  expect(said).toEqual([failed, failed])
  await place.drop()
})
