import { Fragment, type ReactNode } from 'react'

/** A value as JSON, for reading: sealed fields are named as such. */
export function Json({ value }: { readonly value: unknown }) {
  return (
    <pre className="json" tabIndex={0} aria-label="Data">
      {drawn(value, 0)}
    </pre>
  )
}

function drawn(value: unknown, depth: number): ReactNode {
  if (value === null || typeof value !== 'object')
    return <span className={`json-${value === null ? 'null' : typeof value}`}>{JSON.stringify(value)}</span>
  if ('sealed' in value && Object.keys(value).length === 1) return <span className="tag">sealed</span>
  const list = Array.isArray(value)
  const [open, close] = list ? ['[', ']'] : ['{', '}']
  const parts = Object.entries(value)
  if (parts.length === 0) return `${open}${close}`
  const pad = '  '.repeat(depth + 1)
  return (
    <>
      {open}
      {parts.map(([name, part], index) => (
        <Fragment key={name}>
          {`\n${pad}`}
          {list ? null : <span className="json-name">{name}: </span>}
          {drawn(part, depth + 1)}
          {index === parts.length - 1 ? '' : ','}
        </Fragment>
      ))}
      {`\n${'  '.repeat(depth)}${close}`}
    </>
  )
}
