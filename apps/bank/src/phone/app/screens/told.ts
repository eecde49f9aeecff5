import type { Told } from '../bank.ts'
import { h } from '../element.ts'
import { put } from '../outbox.ts'
import type { Place } from '../place.ts'
import { pushState, turnOff, turnOn } from '../push.ts'

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export function toldScreen({ notifications, pushKey }: Told, place: Place): HTMLElement {
  const newest = notifications[0]
  if (newest !== undefined && !newest.read) {
    const input = { upTo: newest.number }
    place.readAll()
    void put({ key: `read.${newest.number}`, screen: 'told', form: 'markRead', input })
  }
  const push = h('div', {})
  if (pushKey !== undefined) void offerPush(push, pushKey, place)
  return h(
    'main',
    {},
    h('h1', {}, 'News'),
    push,
    notifications.length === 0
      ? h('p', { class: 'empty' }, 'When money arrives, you read it here first.')
      : h(
          'ul',
          { class: 'card list', 'aria-label': 'What you were told' },
          ...notifications.map(({ text, happenedAt, read, about }) =>
            h(
              'li',
              {},
              h(
                'a',
                { href: `#/accounts/${about}`, class: read ? '' : 'unread' },
                h(
                  'span',
                  { class: 'what' },
                  h('span', { class: 'name' }, text),
                  h('time', { class: 'quiet', datetime: happenedAt }, when.format(new Date(happenedAt))),
                ),
              ),
            ),
          ),
        ),
  )
}

async function offerPush(into: HTMLElement, pushKey: string, place: Place): Promise<void> {
  const state = await pushState()
  if (state === 'impossible' || state === 'blocked') return
  const isOn = state === 'on'
  const change = async () => {
    if (isOn) await turnOff()
    else if (!(await turnOn(pushKey).catch(() => false))) place.say('This browser does not allow it.')
    place.again()
  }
  into.replaceChildren(
    h(
      'button',
      { class: 'switch', role: 'switch', 'aria-checked': String(isOn), onclick: () => void change() },
      'Tell me when the app is closed',
    ),
  )
}
