import { h } from './element.ts'

/** A labelled input; a hint is read with it. */
export function field(
  label: string,
  given: { readonly name: string; readonly [attribute: string]: string | number | boolean },
  hint?: string,
): HTMLElement {
  const id = `field-${given.name}`
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('input', { id, ...given, ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }) }),
    hint !== undefined && h('p', { class: 'hint', id: `${id}-hint` }, hint),
  )
}

export function choice(
  label: string,
  name: string,
  options: readonly { readonly value: string; readonly text: string }[],
): HTMLElement {
  const id = `field-${name}`
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('select', { id, name }, ...options.map(({ value, text }) => h('option', { value }, text))),
  )
}

/** An amount of money as one types it. */
export const amountField = (label: string, value = ''): HTMLElement =>
  field(label, {
    name: 'amount',
    inputmode: 'decimal',
    autocomplete: 'off',
    placeholder: '0.00',
    required: true,
    value,
    pattern: '\\s*\\d{1,7}([.,]\\d{1,2})?\\s*',
    title: 'An amount like 12.50',
    class: 'amount',
  })

/** Where a form says what is wrong; read out when it changes. */
export function problemLine(): { readonly line: HTMLElement; say(text: string): void } {
  const line = h('p', { class: 'problem', role: 'alert' })
  return { line, say: (text) => line.replaceChildren(text) }
}

/** Runs once at a time: a second tap while the first is under way does nothing. */
export function submit(work: (data: Readonly<Record<string, string>>) => Promise<void>): (event: SubmitEvent) => void {
  let busy = false
  return (event) => {
    event.preventDefault()
    if (busy) return
    busy = true
    const form = event.target as HTMLFormElement
    const button = form.querySelector<HTMLButtonElement>('button.primary')!
    button.setAttribute('aria-busy', 'true')
    void work(Object.fromEntries(new FormData(form)) as Record<string, string>).finally(() => {
      busy = false
      button.removeAttribute('aria-busy')
    })
  }
}
