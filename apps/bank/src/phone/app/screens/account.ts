import type { Account } from '../bank.ts'
import { h, initial } from '../element.ts'
import { shown } from '../money.ts'

export function accountScreen({ name, balanceMinor, entries }: Account): HTMLElement {
  return h(
    'main',
    {},
    h('a', { class: 'back', href: '#/accounts' }, '‹ Accounts'),
    h('h1', {}, name),
    h('p', { class: 'sum' }, balanceMinor === undefined ? 'opening…' : shown(balanceMinor)),
    h('h2', { id: 'entries' }, 'In and out'),
    entries.length === 0
      ? h('p', { class: 'empty' }, 'Nothing yet. What comes in or goes out is listed here.')
      : h(
          'ul',
          { class: 'card list', 'aria-labelledby': 'entries' },
          ...entries.map(({ amountMinor, other, reference }) =>
            h(
              'li',
              { class: 'entry' },
              initial(other || reference || 'd'),
              h(
                'span',
                { class: 'what' },
                h('span', { class: 'name' }, other === '' ? sentence(reference || 'deposit') : `@${other}`),
                other !== '' && reference !== '' && h('span', { class: 'quiet' }, reference),
              ),
              h('span', { class: amountMinor > 0 ? 'money in' : 'money' }, shown(amountMinor, { sign: true })),
            ),
          ),
        ),
  )
}

const sentence = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)
