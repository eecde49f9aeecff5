import { put } from './outbox.ts'

/** Whether this browser can be told while the app is closed, and whether it is. */
export async function pushState(): Promise<'impossible' | 'off' | 'on' | 'blocked'> {
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis)) return 'impossible'
  if (Notification.permission === 'denied') return 'blocked'
  const worker = await navigator.serviceWorker.getRegistration()
  return (await worker?.pushManager.getSubscription()) ? 'on' : 'off'
}

export async function turnOn(pushKey: string): Promise<boolean> {
  if ((await Notification.requestPermission()) !== 'granted') return false
  const worker = await navigator.serviceWorker.ready
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: pushKey })
  const { endpoint, keys } = subscription.toJSON()
  const input = { endpoint: endpoint!, p256dh: keys!['p256dh']!, auth: keys!['auth']! }
  const answer = await put({ key: crypto.randomUUID(), screen: 'told', form: 'subscribe', input })
  if (answer.kind === 'refused') await subscription.unsubscribe()
  return answer.kind === 'done'
}

export async function turnOff(): Promise<void> {
  const worker = await navigator.serviceWorker.ready
  const subscription = await worker.pushManager.getSubscription()
  if (subscription === null) return
  await subscription.unsubscribe()
  await put({
    key: crypto.randomUUID(),
    screen: 'told',
    form: 'unsubscribe',
    input: { endpoint: subscription.endpoint },
  })
}
