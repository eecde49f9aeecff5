import { createHash } from 'node:crypto'
import { consumer, type DeliverContext, only, Poison, type Running } from '@headwater/service'
import webPush from 'web-push'
import { notifications } from './events.ts'
import { inbox } from './inbox.ts'

/** One notification for one browser. Where that is stays sealed until it is sent. */
interface Push {
  readonly customerId: string
  readonly subscriptionId: string
  readonly text: string
  readonly about: string
}

/** What a push says, as the phone's worker gets it. `tag` is the same for the same notification, so that it is shown once. */
export interface Pushed {
  readonly text: string
  readonly about: string
  readonly tag: string
}

/** A browser is told what was written after it subscribed, from all of history. */
export const pushes = consumer('push', only(notifications, 'NotificationWritten'), {
  async NotificationWritten({ customerId, number, text, about }, { query, outbox }) {
    const { rows } = await query<{ key: string }>(
      `select key from headwater.rows
       where projection = 'push-subscriptions' and starts_with(key, $1) and (value ->> 'after')::int < $2 order by key`,
      [`${customerId}/`, number],
    )
    for (const { key } of rows) {
      const subscriptionId = key.slice(customerId.length + 1)
      outbox({ customerId, subscriptionId, text, about } satisfies Push)
    }
  },
})

/** A day: money that arrived is in the list by then anyway. */
const holdsSeconds = 86_400

/**
 * Sends a push, encrypted for its browser alone (RFC 8291) and signed by the bank (VAPID, RFC 8292). It may be sent again: the push
 * service replaces one that still waits (Topic), and the browser shows those of one tag once.
 */
export async function deliver(
  { customerId, subscriptionId, text, about }: Push,
  { id, signal }: DeliverContext,
  running: Running,
): Promise<void> {
  const { subscriptions } = await running.load(inbox, customerId)
  const subscription = subscriptions[subscriptionId]
  if (subscription?.endpoint === undefined) return // turned off, or forgotten, since
  const { endpoint, p256dh, auth } = subscription
  const payload: Pushed = { text, about, tag: id }
  const request = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, JSON.stringify(payload), {
    vapidDetails: { subject: contact(), ...(await serverKeys(running)) },
    TTL: holdsSeconds,
    topic: createHash('sha256').update(id).digest('base64url').slice(0, 32),
  })
  const answer = await fetch(request.endpoint, {
    method: 'POST',
    headers: request.headers as Record<string, string>,
    body: new Uint8Array(request.body!),
    redirect: 'error',
    signal,
  })
  await answer.body?.cancel()
  if (answer.ok) return
  const sentence = `Expected the push service to take a push, got ${answer.status} from ${new URL(endpoint).host}.`
  if (answer.status === 404 || answer.status === 410) {
    await running.run(inbox.forget, customerId, { subscriptionId }, id)
  } else if (answer.status === 429 || answer.status >= 500) {
    throw new Error(sentence)
  } else {
    throw new Poison(sentence)
  }
}

/** Where a push service complains. */
const contact = () => process.env['WEB_PUSH_CONTACT'] ?? 'mailto:bank@example.org'

/** The bank's own key pair (VAPID), made once; outside the log, like every key. */
export const tables = `
  create schema if not exists push;
  create table if not exists push.server_keys (one boolean primary key default true check (one), public_key text not null, private_key text not null)`

export async function makeServerKeys({ query }: Running): Promise<void> {
  const { publicKey, privateKey } = webPush.generateVAPIDKeys()
  // Whoever comes second, in another process, keeps what is there: browsers have subscribed to that key.
  await query('insert into push.server_keys (public_key, private_key) values ($1, $2) on conflict do nothing', [
    publicKey,
    privateKey,
  ])
}

async function serverKeys({ query }: Running): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  const [keys] = await query('select public_key as "publicKey", private_key as "privateKey" from push.server_keys')
  return keys
}
