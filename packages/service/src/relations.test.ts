import { expect, it } from 'vitest'
import { relations } from './relations.ts'

const running = new Map([['pots', { service: { resources: [{ name: 'pot', path: '/pots/{potId}' }] } }]])
const home = { _links: { shop: { href: '/shops/{shopId}' } } }

function related() {
  return relations(running as any, { shops: 'http://elsewhere/shops/' }, () => async () => Response.json(home))
}

it('finds what there is, here and elsewhere, and nothing by names that are none', async () => {
  const { resolve } = related()
  expect(await resolve('cards', 'pots:pot')).toBe('/pots/pots/{potId}')
  expect(await resolve('cards', 'shops:shop')).toBe('http://elsewhere/shops/{shopId}')
  for (const nothing of ['pots:pot:pot', 'shops:shop:shop', 'shops:constructor', 'constructor:name', 'pots', 'pots:'])
    expect([nothing, await resolve('cards', nothing)]).toEqual([nothing, undefined])
})

it('remembers the relations that led somewhere, and none that anybody may make up', async () => {
  const { resolve, seen } = related()
  for (let made = 0; made < 100; made++) {
    await resolve('cards', `pots:made-up-${made}`)
    await resolve('cards', `shops:made-up-${made}`)
    await resolve('cards', `nobody-${made}:pot`)
  }
  await resolve('cards', 'pots:pot')
  await resolve('cards', 'shops:shop')
  expect(seen).toEqual(new Map([['cards', new Set(['pots:pot', 'shops:shop'])]]))
})
