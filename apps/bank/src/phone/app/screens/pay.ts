import type { Pay } from '../bank.ts'
import { h } from '../element.ts'
import { amountField, choice, field, problemLine, submit } from '../form.ts'
import { shown, typed } from '../money.ts'
import { put } from '../outbox.ts'
import type { Place } from '../place.ts'
import { report } from '../reporting.ts'
import { waitingList } from './accounts.ts'

const words: Readonly<Record<string, string>> = {
  'not-enough-money': 'There is not that much in this account.',
  'same-account': 'That is the same account. Choose another one.',
}

export function payScreen({ accounts, payees, experiment }: Pay, place: Place): HTMLElement {
  if (accounts.length === 0) {
    return h('main', {}, h('h1', {}, 'Pay'), h('p', { class: 'empty' }, 'Open an account first, and put something in.'))
  }
  // Made with the form and not with the tap: two taps are one payment. A payment that was answered gets a new form.
  const key = crypto.randomUUID()
  const problem = problemLine()
  const to = field('To', {
    name: 'to',
    required: true,
    autocapitalize: 'none',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: '@name',
    pattern: '\\s*@?[A-Za-z][A-Za-z0-9_]{2,19}\\s*',
    title: 'Their name here, like @ada',
  })
  const proposals = payees.map((payee) =>
    h(
      'button',
      {
        type: 'button',
        class: 'chip',
        onclick: () => {
          to.querySelector('input')!.value = `@${payee}`
          form.querySelector<HTMLInputElement>('[name=amount]')!.focus()
          if (experiment !== undefined) report(experiment, 'tapped')
        },
      },
      `@${payee}`,
    ),
  )
  if (experiment !== undefined) report(experiment, 'seen')
  const form = h(
    'form',
    {
      class: 'card form',
      onsubmit: submit(async (data) => {
        const amountMinor = typed(data['amount']!)
        if (amountMinor === undefined || amountMinor === 0) return problem.say('Type an amount like 12.50.')
        const payee = data['to']!.trim().replace(/^@/, '').toLowerCase()
        const input = { fromAccountId: data['fromAccountId']!, to: payee, amountMinor, reference: data['reference']! }
        const what = `${shown(amountMinor)} to @${payee}`
        const sent = put({ key, screen: 'pay', form: 'pay', input, what })
        place.go('#/accounts')
        const answer = await sent
        if (answer.kind === 'done') place.say(`Paid ${what}`)
        else place.say(`Not paid: ${what}. ${words[answer.code] ?? answer.detail}`)
        place.refresh()
      }),
    },
    to,
    proposals.length > 0 && h('div', { class: 'chips', role: 'group', 'aria-label': 'Paid last' }, ...proposals),
    amountField('Amount'),
    field('What for', { name: 'reference', maxlength: 140, autocomplete: 'off' }),
    choice(
      'From',
      'fromAccountId',
      accounts.map(({ accountId, name, balanceMinor }) => ({
        value: accountId,
        text: balanceMinor === undefined ? name : `${name}, ${shown(balanceMinor)}`,
      })),
    ),
    problem.line,
    h('button', { class: 'primary' }, 'Pay'),
  )
  return h('main', {}, h('h1', {}, 'Pay'), waitingList(), form)
}
