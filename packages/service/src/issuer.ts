import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose'

/** What a token says. */
export interface Claims {
  readonly subject: string
  readonly scopes: readonly string[]
}

/**
 * Signs what the services of a landscape ask of each other, and, for development, tokens of people. In production people come from an
 * identity provider.
 */
export interface Issuer {
  readonly name: string
  readonly keys: JSONWebKeySet
  /** @param ttlSeconds default one hour */
  sign(claims: Claims, ttlSeconds?: number): Promise<string>
}

/** What the landscape's own tokens say signed them (`iss`). */
export const ownIssuer = 'headwater:landscape'
/** Whom tokens must be for (`aud`). */
export const audience = 'headwater'

/** The issuer whose key lies in `directory` (made on first use, readable by its owner alone). Processes that share it trust each other. */
export async function openIssuer(directory: string): Promise<Issuer> {
  const jwk = await keyIn(join(directory, 'issuer-key.json'))
  const key = await importJWK(jwk, 'EdDSA')
  const { d: _secret, ...open } = jwk
  return {
    name: ownIssuer,
    keys: { keys: [open] },
    sign: ({ subject, scopes }, ttlSeconds = 3_600) =>
      new SignJWT({ scope: scopes.join(' ') })
        .setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid! })
        .setIssuer(ownIssuer)
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
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: 'landscape', alg: 'EdDSA', use: 'sig' }
  // `wx`: of two processes that start at once, the second reads what the first wrote.
  await writeFile(path, JSON.stringify(jwk), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return JSON.parse(await readFile(path, 'utf8')) as JWK
}
