import type { Caller } from '@headwater/hypermedia'
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { KeysOutOfReach, type Trusted } from './identity.ts'

/** Who asks: a known caller, nobody, somebody whose token does not hold, or somebody whose token cannot be checked now. */
export type Asked =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unchecked'; readonly detail: string }

export type Guard = (request: Request) => Promise<Asked>

export interface GuardOptions {
  /** Whose tokens hold. */
  readonly trusted: readonly Trusted[]
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const rememberedMost = 10_000

/**
 * Knows callers by their bearer token (JWT: signature, issuer, audience, expiry). A token that held is remembered until it
 * expires, so that a signature is checked once, not on every request.
 */
export function guard({ trusted, now = Date.now }: GuardOptions): Guard {
  const remembered = new Map<string, { caller: Caller; expiresAt: number }>()
  return async (request) => {
    const header = request.headers.get('authorization')
    if (header === null) return { kind: 'nobody' }
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)?.[1]
    if (token === undefined)
      return { kind: 'refused', detail: 'Expected `Authorization: Bearer <JWT>`, got something else.' }
    const known = remembered.get(token)
    if (known !== undefined && known.expiresAt > now()) return { kind: 'known', caller: known.caller }
    try {
      const payload = await verified(token, trusted, new Date(now()))
      const caller: Caller = { subject: payload.sub!, scopes: scopesOf(payload) }
      if (remembered.size >= rememberedMost) remembered.clear()
      remembered.set(token, { caller, expiresAt: payload.exp! * 1000 })
      return { kind: 'known', caller }
    } catch (error) {
      if (error instanceof KeysOutOfReach) return { kind: 'unchecked', detail: error.message }
      if (!(error instanceof errors.JOSEError)) throw error
      return { kind: 'refused', detail: `The token does not hold: ${error.message}. Ask its issuer for a new one.` }
    }
  }
}

/** The issuer that a token names only chooses whose keys it is held against; it proves nothing. */
async function verified(token: string, trusted: readonly Trusted[], currentDate: Date): Promise<JWTPayload> {
  const { iss } = decodeJwt(token)
  const named = trusted.find(({ issuer }) => issuer === iss)
  if (named === undefined) throw new errors.JWTInvalid(`its issuer ("iss") is "${iss}", which is not trusted here`)
  const { issuer, audience, keys } = named
  const { payload } = await jwtVerify(token, keys, { issuer, audience, currentDate, requiredClaims: ['sub', 'exp'] })
  return payload
}

/** `scope` is a text of rights with spaces between (RFC 9068); some providers say `scp`, as a text or a list. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  const said = scope ?? scp
  const all = Array.isArray(said) ? said : typeof said === 'string' ? said.split(' ') : []
  return all.filter((one): one is string => typeof one === 'string' && one !== '')
}
