/** What may stand for a variable of a path; on the wire always text. */
export type Value = string | number

/**
 * A link to a resource by its name: `customer` of the same service, `customers:customer` of another.
 * `embed` is what is already known of the target; it travels in the same document.
 */
export interface Link<
  Target extends string = string,
  Variables extends Readonly<Record<string, Value>> = Readonly<Record<string, Value>>,
> {
  readonly kind: 'link'
  readonly target: Target
  readonly variables: Variables
  readonly title?: string
  readonly embed?: object
}

export interface LinkOptions {
  /** For people and for telling apart several links of one relation. */
  readonly title?: string
  readonly embed?: object
}

/** Says which resource is meant; the server makes the URL. The variables are checked against the target's path where both are served together. */
export function link<const Target extends string>(target: Target): Link<Target, Readonly<Record<never, never>>>
export function link<const Target extends string, const Variables extends Readonly<Record<string, Value>>>(
  target: Target,
  variables: Variables,
  options?: LinkOptions,
): Link<Target, Variables>
export function link(target: string, variables: Readonly<Record<string, Value>> = {}, options: LinkOptions = {}): Link {
  return { kind: 'link', target, variables, ...options }
}
