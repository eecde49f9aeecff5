import { createHash, createHmac, randomBytes } from 'node:crypto'
import { type Caller, consumer, decider, type InlineProjection, only, refuse, type Running } from '@headwater/service'
import { z } from 'zod'
import { customers } from '../customers/events.ts'
import { subjectFor } from '../customers/speaking.ts'
import { phone } from './events.ts'

/** Days after which one has to sign up or in again. */
const holdsDays = 90
const cookieName = '__Secure-phone-session'

/** One browser in which one customer is signed in. Its id is the hash of its token. */
export const session = decider('session', only(phone, 'SessionOpened', 'SessionClosed'), {
  commands: {
    open: z.object({ customerId: z.string(), handle: z.string() }),
    close: z.object({ reason: z.string() }),
  },
  initialState: () => ({ customerId: '', handle: '', open: false, expiresAt: '' }),
  decide: {
    open: (cmd, { customerId }, { now }) => {
      if (customerId === cmd.customerId) return []
      if (customerId !== '') return refuse('session-taken', 'This session is somebody else’s. Sign up anew.')
      return [
        phone.SessionOpened({ ...cmd, expiresAt: new Date(now.getTime() + holdsDays * 86_400_000).toISOString() }),
      ]
    },
    close: ({ reason }, { customerId, open }) => (open ? [phone.SessionClosed({ customerId, reason })] : []),
  },
  evolve: {
    SessionOpened: (_, opened) => ({ ...opened, open: true }),
    SessionClosed: (session) => ({ ...session, open: false }),
  },
})

/** Open sessions of a customer. */
export const sessions: InlineProjection = {
  name: 'sessions',
  decider: session,
  rows: (_, { id, state: { customerId, open } }) => [
    open ? { key: `${customerId}/${id}`, value: true } : { key: `${customerId}/${id}` },
  ],
}

/** Who has left the bank is signed out everywhere. */
export const leavers = consumer('sign-out-leavers', only(customers, 'CustomerDeactivated'), {
  async CustomerDeactivated({ customerId }, { query, run }) {
    const { rows } = await query<{ key: string }>(
      `select key from headwater.rows where projection = 'sessions' and starts_with(key, $1)`,
      [`${customerId}/`],
    )
    for (const { key } of rows) await run(session.close, key.slice(customerId.length + 1), { reason: 'customer left' })
  },
})

/** Made once for each landscape, outside the log: with it and a sign-up's key, and not without, its token can be computed again. */
export const tables = `
  create schema if not exists phone;
  create table if not exists phone.secret (one boolean primary key default true check (one), secret text not null)`

export async function makeSecret({ query }: Running): Promise<void> {
  const secret = randomBytes(32).toString('base64url')
  await query('insert into phone.secret (secret) values ($1) on conflict do nothing', [secret])
}

/** The token of a sign-up: the same for a repeat, so that an answer that was lost can be given again. */
export async function tokenFor(query: Running['query'], signUpKey: string): Promise<string> {
  const [{ secret }] = (await query('select secret from phone.secret')) as [{ secret: string }]
  return createHmac('sha256', secret).update(signUpKey).digest('base64url')
}

export const sessionIdOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Scripts cannot read it, other sites cannot send it, other services do not get it. */
export const cookie = (token: string): string =>
  `${cookieName}=${token}; Path=/phone; Max-Age=${holdsDays * 86_400}; HttpOnly; Secure; SameSite=Strict`

export const endedCookie = `${cookieName}=; Path=/phone; Max-Age=0; HttpOnly; Secure; SameSite=Strict`

export const tokenIn = (request: Request): string | undefined =>
  new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]{43})(?:;|$)`).exec(request.headers.get('cookie') ?? '')?.[1]

/** What somebody without a session may do: become a customer. Visitors are told apart by their address alone. */
const visitor = ({ address = '' }: { readonly address?: string }): Caller => ({
  subject: 'visitor',
  scopes: ['phone:join'],
  client: address,
})

/** The customer whose session the request carries, and nobody else. */
export async function recognise(
  request: Request,
  { load, surroundings }: Running,
  from: { readonly address?: string },
): Promise<Caller> {
  const token = tokenIn(request)
  if (token === undefined) return visitor(from)
  const { open, customerId, expiresAt } = await load(session, sessionIdOf(token))
  if (!open || Date.parse(expiresAt) <= surroundings.now()) return visitor(from)
  return {
    subject: subjectFor(customerId),
    scopes: ['phone:read', 'phone:write'],
    client: `phone/${sessionIdOf(token)}`,
  }
}

/** The session a caller came by. */
export const sessionBehind = ({ client }: Caller): string | undefined => client?.split('/')[1]
