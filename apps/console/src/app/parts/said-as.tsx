import { Copied } from './copied.tsx'
import { Popped } from './popped.tsx'

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
    <Popped title="As command, curl" label="As command and as curl">
      {() => (
        <>
          <h3>As command</h3>
          <Copied text={command} />
          <h3>As curl</h3>
          <Copied text={curl} />
        </>
      )}
    </Popped>
  )
}
