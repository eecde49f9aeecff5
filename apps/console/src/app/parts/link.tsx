import type { MouseEvent, ReactNode } from 'react'
import { go } from '../place.ts'

interface LinkProps {
  readonly to: string
  readonly current?: boolean
  readonly className?: string
  readonly label?: string
  readonly children: ReactNode
}

/** A link to another place of this page; opened in a new tab like any other. */
export function Link({ to, current = false, className, label, children }: LinkProps) {
  const followed = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    go(to)
  }
  return (
    <a
      href={to}
      className={className}
      aria-label={label}
      aria-current={current ? 'page' : undefined}
      onClick={followed}
    >
      {children}
    </a>
  )
}
