import { lazy, type ReactNode, Suspense, useRef, useState } from 'react'
import { Button } from 'react-aria-components/Button'

const PoppedDialog = lazy(async () => ({ default: (await import('./popped-dialog.tsx')).PoppedDialog }))

export interface PoppedProps {
  readonly title: string
  /** What the dialog is called by those who hear it. */
  readonly label?: string
  readonly children: (close: () => void) => ReactNode
}

/** A button and the dialog below it, which is fetched when it is first wanted. */
export function Popped({ title, label = title, children }: PoppedProps) {
  const button = useRef<HTMLButtonElement>(null)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        ref={button}
        className="button"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onPress={() => setOpen(true)}
      >
        {title}
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <PoppedDialog label={label} button={button} onClose={() => setOpen(false)}>
            {children}
          </PoppedDialog>
        </Suspense>
      )}
    </>
  )
}
