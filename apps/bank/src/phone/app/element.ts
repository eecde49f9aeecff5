type Child = Node | string | false | undefined
type Given = { readonly [name: string]: string | boolean | number | ((event: any) => void) | undefined }

/** Makes an element: attributes by name, `on…` for listeners. Text is always text, so that nothing anybody wrote becomes markup. */
export function h<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  given: Given = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag)
  fill(element, given, children)
  return element
}

function fill(element: Element, given: Given, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value))
  }
  element.append(...children.filter((child): child is Node | string => child !== false && child !== undefined))
}

/** A drawing of lines. */
export function drawing(viewBox: string, name: string, ...paths: readonly string[]): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  fill(svg, { viewBox, 'aria-hidden': 'true', class: name }, [])
  for (const d of paths) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    path.setAttribute('d', d)
    svg.append(path)
  }
  return svg
}

export const icon = (...paths: readonly string[]): SVGElement => drawing('0 0 24 24', 'icon', ...paths)

/** The first letter of a name, for eyes only. */
export const initial = (name: string): HTMLElement =>
  h('span', { class: 'initial', 'aria-hidden': 'true' }, name.slice(0, 1).toUpperCase())
