import { contractOf } from '@headwater/contract'
import { feed, memoryLog } from '@headwater/feed'
import { describe, expect, it } from 'vitest'
import { orders } from '../test/orders.ts'
import { feedSource, memorySource, type Source, sourceCases, type SourceWorld } from './index.ts'

function memoryWorld(): SourceWorld {
  const source = memorySource({ pageEvents: 7 })
  return {
    source,
    append: async (events) => source.append('orders', ...events),
    fork: async (at) => source.fork('orders', at),
    close: async () => undefined,
  }
}

function feedWorld(): SourceWorld {
  const log = memoryLog('orders')
  const serve = () => feed({ log, contract: contractOf(orders), open: true, rate: { perSecond: 1e6, burst: 1e6 } })
  let handle = serve()
  return {
    source: feedSource('http://orders.test/events', {
      fetch: (url, init) => handle(new Request(url, init)),
      waitSeconds: 1,
    }),
    append: async (events) => log.append(...events.map((event) => ({ ...event, data: JSON.stringify(event.data) }))),
    async fork(at) {
      log.fork(at)
      handle = serve() // a log is replaced under a server that starts again
    },
    close: async () => undefined,
  }
}

describe.each([
  ['memory', memoryWorld],
  ['feed', feedWorld],
])('the %s source', (_, open) => {
  it.each(sourceCases)('$name', async ({ run }) => {
    const world = open()
    await run(world)
    await world.close()
  })
})

describe('the cases', () => {
  /** Names of the cases that fail, or never come to an end. */
  const broken = async (change: (source: Source) => Source): Promise<string[]> => {
    const failures = sourceCases.map(async ({ name, run }) => {
      const world = memoryWorld()
      const timeUp = new Promise<never>((_, reject) =>
        AbortSignal.timeout(4_000).addEventListener('abort', () => reject(new Error('too long'))),
      )
      return await Promise.race([run({ ...world, source: change(world.source) }), timeUp]).then(
        () => [],
        () => [name],
      )
    })
    return (await Promise.all(failures)).flat()
  }
  const changed =
    (map: (page: any) => any) =>
    (source: Source): Source => ({
      ...source,
      async *read(request) {
        for await (const page of source.read(request)) yield map(page)
      },
    })

  it('find a source that loses, doubles, reorders, hides the end or takes any cursor', async () => {
    expect(await broken(changed((page) => ({ ...page, events: page.events.slice(1) })))).not.toEqual([])
    expect(await broken(changed((page) => ({ ...page, events: [...page.events, ...page.events] })))).not.toEqual([])
    expect(await broken(changed((page) => ({ ...page, events: [...page.events].reverse() })))).not.toEqual([])
    expect(await broken(changed((page) => ({ ...page, from: page.from + 1 })))).not.toEqual([])
    const trusting = (source: Source): Source => ({
      ...source,
      read: (request) =>
        source.read(typeof request.after === 'object' ? { ...request, after: { ...request.after, id: '' } } : request),
    })
    expect(await broken(trusting)).toEqual(['refuses a cursor beyond a fork, with the place to go on from'])
  })
})
