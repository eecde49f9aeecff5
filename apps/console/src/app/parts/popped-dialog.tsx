import type { RefObject } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import type { PoppedProps } from './popped.tsx'

interface PoppedDialogProps extends Pick<PoppedProps, 'children'> {
  readonly label: string
  readonly button: RefObject<HTMLButtonElement | null>
  readonly onClose: () => void
}

export function PoppedDialog({ label, button, onClose, children }: PoppedDialogProps) {
  return (
    <Popover
      triggerRef={button}
      isOpen
      placement="bottom end"
      className="popover"
      onOpenChange={(open) => open || onClose()}
    >
      <Dialog aria-label={label} className="popped">
        {children(onClose)}
      </Dialog>
    </Popover>
  )
}
