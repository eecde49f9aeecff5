/** Hosts of the push services of browsers (their own name or any below it). */
const known = ['fcm.googleapis.com', 'push.services.mozilla.com', 'notify.windows.com', 'push.apple.com']

/**
 * Whether an endpoint is a browser's push service. Its address comes from outside and the bank calls it, so that any other would let a
 * stranger reach into the bank's network. `WEB_PUSH_SERVICES` adds origins, comma-separated: a push service of one's own.
 */
export function isPushService(endpoint: string): boolean {
  const { protocol, hostname, origin } = new URL(endpoint)
  const added = (process.env['WEB_PUSH_SERVICES'] ?? '').split(',')
  if (added.includes(origin)) return true
  return protocol === 'https:' && known.some((host) => hostname === host || hostname.endsWith(`.${host}`))
}
