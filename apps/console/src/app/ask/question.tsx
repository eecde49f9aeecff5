import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { Button } from 'react-aria-components/Button'
import { landscape } from '../reach.ts'

interface Suggestion {
  readonly label: string
  readonly kind: string
  readonly detail?: string
}

interface QuestionProps {
  readonly sql: string
  readonly busy: boolean
  readonly onAsk: (sql: string) => void
}

const shown = 8

/** A question in SQL; what may come next is offered from the lake's catalogue. */
export function Question({ sql, busy, onAsk }: QuestionProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState(sql)
  const [caret, setCaret] = useState<number>()
  const [at, setAt] = useState(0)
  const suggestions = useSuggestions(text, caret)
  const open = suggestions.length > 0
  const typed = (value: string, place: number) => {
    setText(value)
    setCaret(/[\w."]$/.test(value.slice(0, place)) ? place : undefined)
    setAt(0)
  }
  const take = ({ label }: Suggestion) => {
    const before = text.slice(0, caret).replace(/\w*$/, '')
    const next = `${before}${label} `
    // Drawn at once: the next key must find the caret behind what was taken, not be overtaken by it.
    flushSync(() => {
      setText(next + text.slice(caret).replace(/^\w*/, ''))
      setCaret(undefined)
    })
    field.current?.setSelectionRange(next.length, next.length)
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) return onAsk(text)
    if (!open) return
    const moves = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (moves !== undefined) setAt((at + moves + suggestions.length) % suggestions.length)
    else if (event.key === 'Tab' || event.key === 'Enter') take(suggestions[at]!)
    else if (event.key === 'Escape') setCaret(undefined)
    else return
    event.preventDefault()
  }
  return (
    <div className="question panel">
      <textarea
        ref={field}
        className="mono"
        rows={Math.min(14, Math.max(4, text.split('\n').length + 1))}
        spellCheck={false}
        value={text}
        aria-label="Question in SQL"
        aria-autocomplete="list"
        aria-controls="suggestions"
        aria-activedescendant={open ? `suggestion-${at}` : undefined}
        onChange={({ target }) => typed(target.value, target.selectionStart)}
        onKeyDown={pressed}
        onBlur={() => setCaret(undefined)}
      />
      <ul id="suggestions" role="listbox" aria-label="What may come next" className="suggestions" hidden={!open}>
        {suggestions.map((one, index) => (
          <li
            key={`${one.kind} ${one.label}`}
            id={`suggestion-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => (event.preventDefault(), take(one))}
          >
            <span className="mono">{one.label}</span>
            <span className="quiet">{one.detail ?? one.kind}</span>
          </li>
        ))}
      </ul>
      <footer>
        <span className="quiet small">Ctrl Enter asks. Tab takes what is offered.</span>
        <Button className="button strong" isDisabled={text.trim() === '' || busy} onPress={() => onAsk(text)}>
          {busy ? 'Asking' : 'Ask'}
        </Button>
      </footer>
    </div>
  )
}

/** Only of the last keystroke: answers of earlier ones are dropped. */
function useSuggestions(text: string, caret: number | undefined): readonly Suggestion[] {
  const [found, setFound] = useState<readonly Suggestion[]>([])
  useEffect(() => {
    let current = true
    if (caret === undefined) setFound([])
    else {
      landscape.follow('completion', { text, cursor: String(caret) }).then(
        ({ state }: { state: { suggestions: readonly Suggestion[] } }) =>
          current && setFound(state.suggestions.slice(0, shown)),
        () => undefined,
      )
    }
    return () => {
      current = false
    }
  }, [text, caret])
  return found
}
