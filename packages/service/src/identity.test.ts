import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { guard } from './guard.ts'
import { requireProvider, trustedProvider } from './identity.ts'

const issuer = 'https://id.example.org/'
const stops: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const stop of stops.splice(0)) await stop()
})

/** An identity provider with one key, which can be out of reach. */
async function provider() {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  let answers = true
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(answers ? 200 : 503, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  const { port } = server.address() as { port: number }
  const sign = (said: Record<string, unknown> = {}, key = privateKey) =>
    new SignJWT({ scope: 'events:read pots:write', ...said })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(String(said['iss'] ?? issuer))
      .setAudience(String(said['aud'] ?? 'headwater'))
      .setSubject('ada')
      .setExpirationTime('1h')
      .sign(key)
  return {
    keys: `http://127.0.0.1:${port}/keys`,
    sign,
    goAway: () => void (answers = false),
    asked: () => asked,
  }
}

const withToken = (token: string) => new Request('http://h/', { headers: { authorization: `Bearer ${token}` } })

describe('people of an identity provider', () => {
  it('are known by its tokens, with the rights these say, in either of the usual words', async () => {
    const { keys, sign, asked } = await provider()
    const known = guard({ trusted: [trustedProvider({ issuer, keys })] })
    const caller = { subject: 'ada', scopes: ['events:read', 'pots:write'] }
    expect(await known(withToken(await sign()))).toEqual({ kind: 'known', caller })
    expect(await known(withToken(await sign({ scope: undefined, scp: ['explore'] })))).toEqual({
      kind: 'known',
      caller: { subject: 'ada', scopes: ['explore'] },
    })
    expect(asked()).toBe(1)
  })

  it('are refused with the token of another issuer, for another audience, or signed by another key', async () => {
    const { keys, sign } = await provider()
    const known = guard({ trusted: [trustedProvider({ issuer, keys })] })
    const { privateKey } = await generateKeyPair('RS256')
    const wrong = [await sign({ iss: 'https://evil.example' }), await sign({ aud: 'shop' }), await sign({}, privateKey)]
    for (const token of wrong) expect((await known(withToken(token))).kind).toBe('refused')
    expect((await known(withToken('a.b.c'))).kind).toBe('refused')
  })

  it('are still known while the provider is away, by the keys last read, and neither known nor refused where none were', async () => {
    const { keys, sign, goAway } = await provider()
    const before = trustedProvider({ issuer, keys })
    const [first, second, third] = [await sign(), await sign({ scope: 'explore' }), await sign({ scope: 'operate' })]
    expect((await guard({ trusted: [before] })(withToken(first))).kind).toBe('known')
    goAway()
    vi.useFakeTimers({ now: Date.now() + 11 * 60_000, toFake: ['Date'] })
    stops.push(() => vi.useRealTimers())
    expect((await guard({ trusted: [before] })(withToken(second))).kind).toBe('known')
    expect((await guard({ trusted: [trustedProvider({ issuer, keys })] })(withToken(third))).kind).toBe('unchecked')
  })

  it('are needed in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => requireProvider(undefined)).toThrow(expect.objectContaining({ code: 'HW_NO_IDENTITY_PROVIDER' }))
    requireProvider({ issuer, keys: 'https://id.example.org/keys' })
  })

  it.each(['', 'http://id.example.org/keys', 'keys.json'])('are not looked up at %j', (keys) => {
    expect(() => trustedProvider({ issuer, keys })).toThrow(
      expect.objectContaining({ code: 'HW_IDENTITY_PROVIDER_INVALID' }),
    )
  })
})
