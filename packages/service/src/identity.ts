import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { audience, type Issuer } from './issuer.ts'

/** Who signs the tokens of people and machines in production (OpenID Connect, OAuth 2 with JWTs). */
export interface IdentityProvider {
  /** What its tokens say signed them (`iss`), to the letter. */
  readonly issuer: string
  /** Where its public keys are (JWKS), https except on this machine. */
  readonly keys: string | URL
  /** What its tokens must be for (`aud`). Default `headwater`. */
  readonly audience?: string
  /** How keys are fetched; default the global `fetch`. */
  readonly fetch?: typeof fetch
}

/** An issuer whose tokens hold, with its public keys. */
export interface Trusted {
  readonly issuer: string
  readonly audience: string
  readonly keys: JWTVerifyGetKey
}

/** The keys of an identity provider could not be read, and none were read before: nothing can be said of its tokens. */
export class KeysOutOfReach extends Error {}

export const trustedItself = ({ name, keys }: Issuer): Trusted => ({
  issuer: name,
  audience,
  keys: createLocalJWKSet(keys),
})

/**
 * Keys are fetched when first needed, again after ten minutes, and when a token names one that is not among them (at most every 30 s).
 * While the provider does not answer, the keys last read hold.
 * @throws HW_IDENTITY_PROVIDER_INVALID
 */
export function trustedProvider(provider: IdentityProvider): Trusted {
  const url = urlOf(provider)
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: 3_000,
    ...(provider.fetch !== undefined && { [customFetch]: provider.fetch }),
  })
  const keys: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      if (error instanceof errors.JOSENotSupported) throw error
      const last = remote.jwks()
      if (last === undefined) throw new KeysOutOfReach(`${url.origin}: ${(error as Error).message}`)
      return await createLocalJWKSet(last)(header, token)
    }
  }
  return { issuer: provider.issuer, audience: provider.audience ?? audience, keys }
}

function urlOf({ issuer, keys }: IdentityProvider): URL {
  const url = URL.canParse(String(keys)) ? new URL(String(keys)) : undefined
  const local = url?.hostname === 'localhost' || url?.hostname === '127.0.0.1' || url?.hostname === '[::1]'
  if (issuer !== '' && (url?.protocol === 'https:' || (url?.protocol === 'http:' && local))) return url
  throw Object.assign(
    new TypeError(
      `Expected the issuer's name and an https URL of its keys (JWKS), got "${issuer}" and "${String(keys)}". Your provider's /.well-known/openid-configuration says both: issuer and jwks_uri.`,
    ),
    { code: 'HW_IDENTITY_PROVIDER_INVALID' },
  )
}

/** @throws HW_NO_IDENTITY_PROVIDER where `NODE_ENV` is `production` and nobody vouches for people */
export function requireProvider(provider: IdentityProvider | undefined): void {
  if (process.env.NODE_ENV !== 'production' || provider !== undefined) return
  throw Object.assign(
    new Error(
      'Expected an identity provider in production, got none: only services could sign in. Set HEADWATER_ISSUER and HEADWATER_JWKS to your provider’s, or give `identity` to startLandscape.',
    ),
    { code: 'HW_NO_IDENTITY_PROVIDER' },
  )
}
