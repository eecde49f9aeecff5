import { Button } from 'react-aria-components/Button'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { Copied } from './copied.tsx'

interface SaidAsProps {
  readonly command: string
  /** URL of what is shown, and the face of it. */
  readonly url: string
  readonly accept?: string
  /** Rights that the token needs. */
  readonly scope?: string
  readonly body?: object
}

/** What is on the screen, as a command and as curl: nothing here is the console's alone. */
export function SaidAs({ command, url, accept = 'application/json', scope, body }: SaidAsProps) {
  const token = scope === undefined ? '$(headwater token)' : `$(headwater token --scope "${scope}")`
  const sent = body === undefined ? '' : ` \\\n  --json '${JSON.stringify(body).replaceAll("'", "'\\''")}'`
  const curl = `curl -H "authorization: Bearer ${token}" \\\n  -H "accept: ${accept}"${sent} \\\n  '${url}'`
  return (
    <DialogTrigger>
      <Button className="button">As command</Button>
      <Popover placement="bottom end" className="popover">
        <Dialog aria-label="As command and as curl" className="said-as">
          <h3>As command</h3>
          <Copied text={command} />
          <h3>As curl</h3>
          <Copied text={curl} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
