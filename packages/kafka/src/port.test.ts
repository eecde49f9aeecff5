import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from './port.ts'

it('gives a port that systems hand out to nobody before it is used', async () => {
  for (let times = 0; times < 20; times++) expect(await freePort(undefined)).toBeLessThan(32_768)
})

it('gives the wanted port, or another one where it is taken', async () => {
  const wanted = await freePort(undefined)
  expect(await freePort(wanted)).toBe(wanted)
  const server = createServer()
  await new Promise<void>((listening) => server.listen(wanted, '127.0.0.1', listening))
  expect(await freePort(wanted)).not.toBe(wanted)
  server.close()
})
