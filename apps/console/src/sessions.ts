import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Sessions {
  /** What a one-time link carries. */
  token(): string
  /** The cookie for a token that was never used before; undefined for any other. */
  exchange(token: string): string | undefined
  holds(cookie: string): boolean
}

export interface SessionsOptions {
  /** Known to those who may open the console, and to nobody else. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const sessionMs = 7 * 86_400_000

/**
 * Tokens are used once, and only while the process runs that began before they were made: what was used is remembered in memory.
 * Sessions outlive the process, so that a restart in development does not sign anybody out.
 */
export function sessions({ secret, now }: SessionsOptions): Sessions {
  const used = new Set<string>()
  const startedAt = now()
  return {
    token: () => signed(secret, 'link', now()),
    exchange(token) {
      const madeAt = madeWhen(secret, 'link', token)
      if (madeAt === undefined || madeAt < startedAt || used.has(token)) return undefined
      used.add(token)
      return signed(secret, 'session', now())
    },
    holds(cookie) {
      const madeAt = madeWhen(secret, 'session', cookie)
      return madeAt !== undefined && now() - madeAt < sessionMs
    },
  }
}

/** A link that opens the console once, made by anybody who knows its secret. */
export function consoleLink(origin: string, { secret, now }: SessionsOptions): string {
  return `${origin}/?token=${signed(secret, 'link', now())}`
}

function signed(secret: string, purpose: string, madeAt: number): string {
  const said = `${madeAt}.${randomBytes(16).toString('base64url')}`
  return `${said}.${seal(secret, purpose, said)}`
}

function madeWhen(secret: string, purpose: string, text: string): number | undefined {
  const [, said, given] = /^(\d{1,15}\.[\w-]{22})\.([\w-]{43})$/.exec(text) ?? []
  if (said === undefined) return undefined
  const holds = timingSafeEqual(Buffer.from(given!), Buffer.from(seal(secret, purpose, said)))
  return holds ? Number(said.split('.')[0]) : undefined
}

const seal = (secret: string, purpose: string, said: string): string =>
  createHmac('sha256', secret).update(`${purpose} ${said}`).digest('base64url')
