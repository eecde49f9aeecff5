import { useState } from 'react'
import { Button } from 'react-aria-components/Button'

/** A line for the terminal, and the button that takes it there. */
export function Copied({ text }: { readonly text: string }) {
  const [taken, setTaken] = useState(false)
  const take = async () => {
    await navigator.clipboard.writeText(text).catch(() => undefined)
    setTaken(true)
  }
  return (
    <div className="copied">
      <pre tabIndex={0} aria-label="Command">
        {text}
      </pre>
      <Button className="button" onPress={take} onBlur={() => setTaken(false)}>
        {taken ? 'Copied' : 'Copy'}
      </Button>
    </div>
  )
}
