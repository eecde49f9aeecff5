import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose'

/** What a token says. */
export interface Claims {
  readonly subject: string
  readonly scopes: readonly string[]
}

/** Signs tokens for development. Production has an identity provider of its own, and this one refuses to serve there. */
export interface Issuer {
  readonly name: string
  readonly keys: JSONWebKeySet
  /** @param ttlSeconds default one hour */
  sign(claims: Claims, ttlSeconds?: number): Promise<string>
}

/** Who signs tokens on a machine of developers (`iss`). */
export const developmentIssuer = 'headwater:development'
/** Whom tokens must be for (`aud`). */
export const audience = 'headwater'

/**
 * The issuer whose key lies in `directory` (made on first use, readable by its owner alone).
 * @throws HW_ISSUER_IN_PRODUCTION where `NODE_ENV` is `production`
 */
export async function openIssuer(directory: string): Promise<Issuer> {
  if (process.env.NODE_ENV === 'production') {
    throw Object.assign(
      new Error(
        'Expected tokens of your identity provider in production, got the development issuer. Set HEADWATER_ISSUER and HEADWATER_JWKS to your provider’s.',
      ),
      { code: 'HW_ISSUER_IN_PRODUCTION' },
    )
  }
  const jwk = await keyIn(join(directory, 'issuer-key.json'))
  const key = await importJWK(jwk, 'EdDSA')
  const { d: _secret, ...open } = jwk
  return {
    name: developmentIssuer,
    keys: { keys: [open] },
    sign: ({ subject, scopes }, ttlSeconds = 3_600) =>
      new SignJWT({ scope: scopes.join(' ') })
        .setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid! })
        .setIssuer(developmentIssuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${ttlSeconds}s`)
        .sign(key),
  }
}

async function keyIn(path: string): Promise<JWK> {
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept) as JWK
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: 'development', alg: 'EdDSA', use: 'sig' }
  // `wx`: of two processes that start at once, the second reads what the first wrote.
  await writeFile(path, JSON.stringify(jwk), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return JSON.parse(await readFile(path, 'utf8')) as JWK
}

export const localKeys = (issuer: Issuer) => createLocalJWKSet(issuer.keys)
