import { createHash, randomUUID } from 'node:crypto'
import { action, refuse, type Running, view } from '@headwater/service'
import { z } from 'zod'
import { customerBehind } from '../../customers/speaking.ts'
import type { Bank } from '../landscape.ts'
import { handle, handleText } from '../handle.ts'
import { signUpBounds } from '../sign-ups.ts'
import { cookie, endedCookie, session, sessionBehind, sessionIdOf, tokenFor } from '../session.ts'

const signUpForm = z.object({
  name: z.string().trim().min(1).max(100),
  email: z.email().max(200),
  address: z.string().trim().min(1).max(300),
  handle: handleText,
})

const letIn = signUpBounds(() => performance.now())

/** Where the phone begins: who is signed in, and the forms to come and go. */
export const sessionScreen = view(
  '/session',
  async (_, { caller, load }) => {
    const customerId = customerBehind(caller?.subject)
    const id = caller === undefined ? undefined : sessionBehind(caller)
    if (customerId === undefined || id === undefined) return { signedIn: false, handle: '' }
    return { signedIn: true, handle: (await load(session, id)).handle }
  },
  {
    title: 'Who is signed in',
    scope: 'anyone',
    links: {},
    actions: {
      signUp: action({
        scope: 'phone:join',
        title: 'Become a customer',
        input: signUpForm,
        /** Each step is the same one for a repeat, whichever answer was lost. */
        async act({ handle: name, ...person }, { caller, enter, idempotencyKey = randomUUID(), load, query, run }) {
          letIn(caller.client ?? '')
          const signUp = hashOf(idempotencyKey, JSON.stringify(person))
          const reserved = await run(handle.reserve, name, { signUp })
          if (reserved.kind === 'refused') return refuse(reserved.code, reserved.sentence)
          const registered = await enter<Bank>()
            .service('customers')
            .act('customer.register', person, { idempotencyKey: signUp })
          const customerId = (registered.url as string).split('/').at(-1)!
          const given = await run(handle.give, name, { signUp, customerId })
          if (given.kind === 'refused') return refuse(given.code, given.sentence)
          const token = await tokenFor(query as Running['query'], idempotencyKey)
          const opened = await run(session.open, sessionIdOf(token), { customerId, handle: name })
          if (opened.kind === 'refused') return refuse(opened.code, opened.sentence)
          if (!(await load(session, sessionIdOf(token))).open)
            return refuse('session-closed', 'This session was closed. Sign up anew.')
          return { state: { signedIn: true, handle: name }, headers: { 'set-cookie': cookie(token) } }
        },
      }),
      signOut: action({
        scope: 'phone:write',
        title: 'Sign out here',
        input: z.object({}),
        async act(_, { caller, run }) {
          await run(session.close, sessionBehind(caller)!, { reason: 'signed out' })
          return { state: { signedIn: false, handle: '' }, headers: { 'set-cookie': endedCookie } }
        },
      }),
    },
  },
)

const hashOf = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\n')).digest('base64url')
