import type { Pots } from '../bank.ts'
import { h } from '../element.ts'
import { amountField, choice, problemLine, submit } from '../form.ts'
import { shown, typed } from '../money.ts'
import { put } from '../outbox.ts'
import type { Place } from '../place.ts'
import { waitingList } from './accounts.ts'

export function potsScreen({ pots, totalMinor }: Pots, place: Place): HTMLElement {
  return h(
    'main',
    {},
    h('h1', {}, 'Pots'),
    h('p', { class: 'sum' }, shown(totalMinor)),
    h('p', { class: 'quiet' }, 'put aside'),
    waitingList(),
    pots.length > 0 &&
      h(
        'ul',
        { class: 'card list', 'aria-label': 'Pots' },
        ...pots.map(({ savedMinor }, index) =>
          h(
            'li',
            { class: 'entry' },
            h('span', { class: 'name' }, nameOf(index)),
            h('span', { class: 'money' }, shown(savedMinor)),
          ),
        ),
      ),
    pots.length > 0 && saving(pots, place),
    opening(pots.length === 0, place),
  )
}

const nameOf = (index: number) => `Pot ${index + 1}`

function saving(pots: Pots['pots'], place: Place): HTMLElement {
  const key = crypto.randomUUID()
  const problem = problemLine()
  return h(
    'form',
    {
      class: 'card form',
      'aria-label': 'Put aside',
      onsubmit: submit(async ({ potId, amount }) => {
        const amountMinor = typed(amount!)
        if (amountMinor === undefined || amountMinor === 0) return problem.say('Type an amount like 5.00.')
        const what = `${shown(amountMinor)} put aside`
        const answer = await put({ key, screen: 'pots', form: 'save', input: { potId, amountMinor }, what })
        if (answer.kind === 'refused') return problem.say(answer.detail)
        place.again()
      }),
    },
    amountField('Put aside'),
    pots.length > 1 &&
      choice(
        'Into',
        'potId',
        pots.map(({ potId }, index) => ({ value: potId, text: nameOf(index) })),
      ),
    pots.length === 1 && h('input', { type: 'hidden', name: 'potId', value: pots[0]!.potId }),
    problem.line,
    h('button', { class: 'primary' }, 'Put aside'),
  )
}

function opening(isFirst: boolean, place: Place): HTMLElement {
  const key = crypto.randomUUID()
  return h(
    'form',
    {
      class: isFirst ? 'card form' : 'form',
      onsubmit: submit(async () => {
        await put({ key, screen: 'pots', form: 'openPot', input: {}, what: 'A new pot' })
        place.again()
      }),
    },
    isFirst && h('p', {}, 'A pot keeps money out of sight until you want it back.'),
    h('button', { class: isFirst ? 'primary' : 'primary secondary' }, isFirst ? 'Open a pot' : 'Open another pot'),
  )
}
