import { RequestFailed } from '@headwater/service/client'
import { see, type Session } from './bank.ts'
import { h, icon } from './element.ts'
import { kept } from './kept.ts'
import { hush, listen } from './live.ts'
import { onChange, put, send, waiting } from './outbox.ts'
import type { Place } from './place.ts'
import { accountScreen } from './screens/account.ts'
import { accountsScreen } from './screens/accounts.ts'
import { joinScreen } from './screens/join.ts'
import { payScreen } from './screens/pay.ts'
import { potsScreen } from './screens/pots.ts'
import { toldScreen } from './screens/told.ts'

const app = document.getElementById('app')!
const news = document.getElementById('news')!

const tabs = [
  { hash: '#/accounts', text: 'Accounts', drawn: ['M3 10.5 12 4l9 6.5', 'M5 10v9h14v-9', 'M10 19v-5h4v5'] },
  { hash: '#/pay', text: 'Pay', drawn: ['M4 12h15', 'M13 6l6 6-6 6'] },
  { hash: '#/pots', text: 'Pots', drawn: ['M6 9h12l-1 10a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2z', 'M9 9a3 3 0 0 1 6 0'] },
  { hash: '#/told', text: 'News', drawn: ['M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15z', 'M10 20.5a2.2 2.2 0 0 0 4 0'] },
]

const place: Place = {
  go(hash) {
    if (location.hash === hash) void show()
    else location.hash = hash
  },
  again: () => void show({ quietly: true, typed: true }),
  refresh: () => void show({ quietly: true }),
  say(text) {
    const line = h('p', {}, text)
    news.replaceChildren(line)
    setTimeout(() => line.remove(), 5_000)
  },
  readAll() {
    const accounts = kept.get<Remembered>('screen.accounts.')
    if (accounts !== undefined) kept.set('screen.accounts.', { ...accounts, seen: { ...accounts.seen, unread: 0 } })
  },
  signOut() {
    void put({ key: crypto.randomUUID(), screen: 'session', form: 'signOut', input: {} }).then(() => {
      kept.clear()
      hush()
      join()
    })
  },
}

/** A screen as it was seen last, and when. */
interface Remembered {
  readonly seen: any
  readonly at: number
}

/** How each place is seen and drawn; the account's id is the end of its hash. */
const screens: Readonly<Record<string, { see(id: string): Promise<any>; draw(seen: any, place: Place): HTMLElement }>> =
  {
    accounts: { see: see.accounts, draw: accountsScreen },
    account: { see: see.account, draw: accountScreen },
    pay: { see: see.pay, draw: payScreen },
    pots: { see: see.pots, draw: potsScreen },
    told: { see: see.told, draw: toldScreen },
  }

/** What is shown now, so that an answer that comes late is not drawn over something newer. */
let showing = 0

/** First what the phone saw last, at once; then what is so now. Quietly: what is shown stays until there is something newer. */
async function show({ quietly = false, typed = false } = {}): Promise<void> {
  const turn = ++showing
  const [, first = 'accounts', id = ''] = location.hash.split('/')
  const name = first === 'accounts' && id !== '' ? 'account' : first in screens ? first : 'accounts'
  const screen = screens[name]!
  const remembered = kept.get<Remembered>(`screen.${name}.${id}`)
  if (!quietly && remembered !== undefined) draw(screen.draw(remembered.seen, place), name)
  try {
    const seen = await screen.see(id)
    kept.set(`screen.${name}.${id}`, { seen, at: Date.now() })
    const isShown = quietly || remembered !== undefined
    if (turn === showing && !(isShown && !typed && isTyping())) draw(screen.draw(seen, place), name)
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error
    if (error.status === 403 || error.status === 401) return await begin()
    if (turn !== showing) return
    if (remembered === undefined) draw(h('main', {}, h('h1', {}, 'No connection'), again(show)), name)
    else draw(screen.draw(remembered.seen, place), name, new Date(remembered.at))
  }
}

/** Somebody who is filling in a form is not interrupted by news. */
const isTyping = () =>
  [...app.querySelectorAll('input')].some(
    (input) => input === document.activeElement || input.value !== input.defaultValue,
  )

const again = (work: () => Promise<void>) => h('button', { class: 'primary', onclick: () => void work() }, 'Try again')

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

function draw(main: HTMLElement, name: string, asOf?: Date): void {
  const unread = (kept.get<Remembered>('screen.accounts.')?.seen.unread ?? 0) as number
  const current = name === 'account' ? '#/accounts' : `#/${name}`
  const bar = h(
    'nav',
    { 'aria-label': 'Screens' },
    ...tabs.map(({ hash, text, drawn }) =>
      h(
        'a',
        { href: hash, 'aria-current': hash === current ? 'page' : undefined },
        icon(...drawn),
        text,
        hash === '#/told' &&
          unread > 0 &&
          h('span', { class: 'count', 'aria-label': `${unread} unread` }, String(unread)),
      ),
    ),
  )
  if (asOf !== undefined)
    main.prepend(h('p', { class: 'offline' }, `No connection. This is how it was at ${time.format(asOf)}.`))
  app.replaceChildren(main, bar)
}

function join(): void {
  showing++
  app.replaceChildren(joinScreen(() => void begin()))
}

/** Without a connection, whoever was signed in last sees what was seen last. */
async function begin(): Promise<void> {
  const before = kept.get<Session>('session')
  // A sign-up whose answer was lost is the way to its session.
  if (waiting().some(({ form }) => form === 'signUp')) await send()
  const session = await see.session().catch(() => before)
  if (session === undefined) {
    app.replaceChildren(h('main', {}, h('h1', {}, 'No connection'), again(begin)))
    return
  }
  if (before?.signedIn === true && !session.signedIn) kept.clear()
  kept.set('session', session)
  if (!session.signedIn) return join()
  listen(({ text }) => {
    place.say(text)
    place.refresh()
  })
  await show()
  void send()
}

addEventListener('hashchange', () => {
  scrollTo(0, 0)
  void show().then(() => {
    // Where a new page would begin to be read.
    const title = app.querySelector('h1')
    title?.setAttribute('tabindex', '-1')
    if (!isTyping()) title?.focus()
  })
})
addEventListener('online', () => void show({ quietly: true }))
onChange(place.refresh)
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('worker.js')
void begin()
