import type { Pushed } from '../../notifications/push.ts'

declare const EDITION: string
declare const FILES: readonly string[]

/** What is used of a service worker's global scope: its library of types and that of pages exclude each other. */
interface Scope {
  readonly registration: ServiceWorkerRegistration
  readonly clients: {
    claim(): Promise<void>
    matchAll(options: { type: 'window' }): Promise<readonly Page[]>
    openWindow(url: string): Promise<unknown>
  }
  skipWaiting(): Promise<void>
  addEventListener(kind: string, listener: (event: Happening) => void): void
}
interface Page {
  focus(): Promise<Page>
  navigate(url: string): Promise<unknown>
}
interface Happening {
  readonly request: Request
  readonly data: { json(): unknown } | null
  readonly notification: Notification
  waitUntil(done: Promise<unknown>): void
  respondWith(answer: Promise<Response>): void
}

const worker = globalThis as unknown as Scope
const shell = `phone-${EDITION}`
const scope = new URL(worker.registration.scope)

worker.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(shell)
      await cache.addAll(FILES.map((name) => new Request(new URL(name, scope), { cache: 'reload' })))
      await worker.skipWaiting()
    })(),
  )
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys()
      await Promise.all(
        names.filter((name) => name.startsWith('phone-') && name !== shell).map((name) => caches.delete(name)),
      )
      await worker.clients.claim()
    })(),
  )
})

/** The app's own files: the net first, so that nobody is left with an old app; what is kept when there is none. Money is never cached here. */
worker.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || !request.url.startsWith(scope.href)) return
  const page = request.mode === 'navigate' ? new URL('index.html', scope).href : request.url
  event.respondWith(
    fetch(request).catch(async (error: unknown) => {
      const found = await (await caches.open(shell)).match(page, { ignoreSearch: true })
      if (found === undefined) throw error
      return found
    }),
  )
})

worker.addEventListener('push', (event) => {
  const { text, tag, about } = event.data!.json() as Pushed
  event.waitUntil(
    worker.registration.showNotification('Headwater', {
      body: text,
      tag,
      icon: 'icon-180.png',
      data: { url: new URL(`#/accounts/${about}`, scope).href },
    }),
  )
})

worker.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(
    (async () => {
      const url = (event.notification.data as { url: string }).url
      const [open] = await worker.clients.matchAll({ type: 'window' })
      if (open === undefined) await worker.clients.openWindow(url)
      else await (await open.focus()).navigate(url)
    })(),
  )
})
