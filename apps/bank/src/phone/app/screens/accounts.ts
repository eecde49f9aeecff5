import type { Accounts } from '../bank.ts'
import { drawing, h, initial } from '../element.ts'
import { amountField, field, problemLine, submit } from '../form.ts'
import { shown, typed } from '../money.ts'
import { put, waiting } from '../outbox.ts'
import type { Place } from '../place.ts'

/** Water, drawn thrice as long as it is seen, so that it can move. */
const wave = `M0 30 ${Array.from({ length: 12 }, () => 'q24 -18 49 0 t49 0').join(' ')}`

export function accountsScreen(seen: Accounts, place: Place): HTMLElement {
  const { accounts, totalMinor, name, handle } = seen
  return h(
    'main',
    {},
    h(
      'header',
      { class: 'greeting' },
      h('div', {}, h('p', { class: 'quiet' }, `@${handle}`), h('h1', {}, name)),
      h('button', { class: 'plain', onclick: () => place.signOut() }, 'Sign out'),
    ),
    h(
      'section',
      { class: 'total', 'aria-labelledby': 'total' },
      h('h2', { id: 'total' }, 'In all'),
      h('p', { class: 'sum' }, shown(totalMinor)),
      drawing('0 0 390 60', 'wave', wave),
    ),
    waitingList(),
    accounts.length > 0 &&
      h(
        'ul',
        { class: 'card list', 'aria-label': 'Accounts' },
        ...accounts.map(({ accountId, name, balanceMinor }) =>
          h(
            'li',
            {},
            h(
              'a',
              { href: `#/accounts/${accountId}` },
              initial(name),
              h('span', { class: 'name' }, name),
              balanceMinor === undefined
                ? h('span', { class: 'quiet' }, 'opening…')
                : h('span', { class: 'money' }, shown(balanceMinor)),
            ),
          ),
        ),
      ),
    opening(accounts.length === 0, place),
  )
}

/** What this phone has not got through yet. */
export function waitingList(): HTMLElement | false {
  const said = waiting().filter(({ what }) => what !== undefined)
  if (said.length === 0) return false
  return h(
    'section',
    { class: 'card waiting', 'aria-label': 'On its way' },
    ...said.map(({ what }) => h('p', {}, h('strong', {}, what!), h('span', { class: 'quiet' }, ' is on its way'))),
    h(
      'p',
      { class: 'hint' },
      'Kept on this phone and sent as soon as there is a connection. It happens once, however often it is sent.',
    ),
  )
}

function opening(isFirst: boolean, place: Place): HTMLElement {
  let key = crypto.randomUUID()
  const problem = problemLine()
  const form = h(
    'form',
    {
      class: 'form',
      onsubmit: submit(async ({ name, amount }) => {
        const initialDepositMinor = typed(amount!)
        if (initialDepositMinor === undefined) return problem.say('Type an amount like 100 or 12.50.')
        const answer = await put({
          key,
          screen: 'accounts',
          form: 'openAccount',
          input: { name, initialDepositMinor },
          what: `Account ${name}`,
        })
        key = crypto.randomUUID()
        if (answer.kind === 'refused') problem.say(answer.detail)
        else place.again()
      }),
    },
    field('Name of the account', { name: 'name', required: true, maxlength: 60, value: isFirst ? 'Everyday' : '' }),
    amountField('First deposit', isFirst ? '100.00' : ''),
    problem.line,
    h('button', { class: 'primary' }, 'Open it'),
  )
  if (isFirst) return h('section', { class: 'card' }, h('h2', {}, 'Your first account'), form)
  return h('details', { class: 'card' }, h('summary', {}, 'Open another account'), form)
}
