import { h } from '../element.ts'
import { put } from '../outbox.ts'
import { field, problemLine, submit } from '../form.ts'

/** The first screen of somebody who is no customer yet. */
export function joinScreen(joined: () => void): HTMLElement {
  let key = crypto.randomUUID()
  const problem = problemLine()
  const fields = {
    name: field('Your name', { name: 'name', autocomplete: 'name', required: true, maxlength: 100 }),
    email: field('E-mail', { name: 'email', type: 'email', autocomplete: 'email', required: true, maxlength: 200 }),
    address: field('Address', { name: 'address', autocomplete: 'street-address', required: true, maxlength: 300 }),
    handle: field(
      'Name to be paid by',
      {
        name: 'handle',
        autocapitalize: 'none',
        autocomplete: 'off',
        spellcheck: 'false',
        required: true,
        pattern: '@?[A-Za-z][A-Za-z0-9_]{2,19}',
        title: '3 to 20 letters, digits or _, beginning with a letter',
      },
      'Like @ada. Others pay you by it.',
    ),
  }
  const form = h(
    'form',
    {
      class: 'card form',
      onsubmit: submit(async (data) => {
        const { handle, ...person } = data
        const input = { ...person, handle: handle!.replace(/^@/, '').toLowerCase() }
        const answer = await put({ key, screen: 'session', form: 'signUp', input })
        // What is sent next is another request.
        key = crypto.randomUUID()
        if (answer.kind === 'refused' && answer.code === 'handle-taken') {
          problem.say(answer.detail)
          fields.handle.querySelector('input')!.focus()
        } else if (answer.kind === 'refused') problem.say(answer.detail)
        else joined()
      }),
    },
    ...Object.values(fields),
    problem.line,
    h('button', { class: 'primary' }, 'Become a customer'),
  )
  return h(
    'main',
    { class: 'join' },
    h('img', { src: 'icon.svg', alt: '', width: 72, height: 72 }),
    h('h1', {}, 'A bank that remembers'),
    h('p', { class: 'quiet' }, 'Everything that happened to your money, once, in order, and why.'),
    form,
  )
}
