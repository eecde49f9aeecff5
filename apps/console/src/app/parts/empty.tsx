import type { ReactNode } from 'react'
import { Copied } from './copied.tsx'

interface EmptyProps {
  readonly title: string
  /** What to do next, at a terminal. */
  readonly command: string
  /** Below a heading of the screen. */
  readonly below?: boolean
  readonly children: ReactNode
}

/** Nothing to show yet, and what changes that. */
export function Empty({ title, command, below = false, children }: EmptyProps) {
  const Heading = below ? 'h2' : 'h1'
  return (
    <section className="empty">
      <Heading>{title}</Heading>
      <p>{children}</p>
      <Copied text={command} />
    </section>
  )
}

/** Something could not be read; the sentence is the service's own. */
export function Trouble({ error, ...rest }: Pick<EmptyProps, 'command' | 'below'> & { readonly error: Error }) {
  return (
    <Empty title="This could not be read" {...rest}>
      {error.message}
    </Empty>
  )
}
