import type { Caller } from '@headwater/hypermedia'
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { audience } from './issuer.ts'

/** Who asks: a known caller, nobody, or somebody whose token does not hold. */
export type Asked =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'refused'; readonly detail: string }

export type Guard = (request: Request) => Promise<Asked>

export interface GuardOptions {
  readonly issuer: string
  readonly keys: JWTVerifyGetKey
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const rememberedMost = 10_000

/**
 * Knows callers by their bearer token (JWT: signature, issuer, audience, expiry). A token that held is remembered until it
 * expires, so that a signature is checked once, not on every request.
 */
export function guard({ issuer, keys, now = Date.now }: GuardOptions): Guard {
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
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        currentDate: new Date(now()),
        requiredClaims: ['sub', 'exp'],
      })
      const scopes = typeof payload.scope === 'string' ? payload.scope.split(' ').filter((scope) => scope !== '') : []
      const caller: Caller = { subject: payload.sub!, scopes }
      if (remembered.size >= rememberedMost) remembered.clear()
      remembered.set(token, { caller, expiresAt: payload.exp! * 1000 })
      return { kind: 'known', caller }
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
      return { kind: 'refused', detail: `The token does not hold: ${error.message}. Ask its issuer for a new one.` }
    }
  }
}
