import type { ReactNode } from 'react'
import { Copied } from './copied.tsx'

interface EmptyProps {
  readonly title: string
  /** What to do next, at a terminal. */
  readonly command: string
  readonly children: ReactNode
}

/** Nothing to show yet, and what changes that. */
export function Empty({ title, command, children }: EmptyProps) {
  return (
    <section className="empty">
      <h2>{title}</h2>
      <p>{children}</p>
      <Copied text={command} />
    </section>
  )
}

/** Something could not be read; the sentence is the service's own. */
export function Trouble({ error, command }: { readonly error: Error; readonly command: string }) {
  return (
    <Empty title="This could not be read" command={command}>
      {error.message}
    </Empty>
  )
}
