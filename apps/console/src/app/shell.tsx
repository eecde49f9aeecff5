import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import { Landscape } from './landscape/screen.tsx'
import { Link } from './parts/link.tsx'
import { Empty } from './parts/empty.tsx'
import { ThemeChoice } from './parts/theme-choice.tsx'
import { usePlace } from './place.ts'
import { landscapeName, onSessionEnd } from './reach.ts'
import { statusQuery } from './status.ts'

const Events = lazy(() => import('./events/screen.tsx'))
const Experiments = lazy(() => import('./experiment/screen.tsx'))
const Ask = lazy(() => import('./ask/screen.tsx'))

const screens = [
  { name: 'Landscape', path: '', shows: <Landscape /> },
  { name: 'Events', path: 'events', shows: <Events /> },
  { name: 'Experiments', path: 'experiments', shows: <Experiments /> },
  { name: 'Ask', path: 'ask', shows: <Ask /> },
]

export function Shell() {
  const { path } = usePlace()
  const here = screens.find((screen) => screen.path === (path[0] ?? ''))
  useEffect(() => {
    document.title = [path[1], here?.name, landscapeName].filter(Boolean).join(' · ')
  }, [path[1], here])
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <Mark /> <span>{landscapeName}</span>
        </Link>
        <nav aria-label="Screens">
          {screens.map(({ name, path: to }) => (
            <Link key={name} to={`/${to}`} current={here?.path === to}>
              {name}
            </Link>
          ))}
        </nav>
        <Heartbeat />
        <ThemeChoice />
      </header>
      <SessionNotice />
      <main id="main" tabIndex={-1}>
        <Suspense fallback={null}>
          {here?.shows ?? (
            <Empty title="Nothing is here" command="headwater open">
              The address of this page names no screen.
            </Empty>
          )}
        </Suspense>
      </main>
    </>
  )
}

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" className="mark">
      <path d="M2 5.5c2.7 0 2.7 2.2 5.3 2.2S10 5.5 12.700 5.500 15.300 7.700 18 7.700M2 11c2.700 0 2.700 2.200 5.300 2.200S10 11 12.700 11M2 16.500c2.700 0 2.700 0 5.300 0" />
    </svg>
  )
}

/** Whether what is shown is how it is now. */
function Heartbeat() {
  const { data, isError, fetchStatus } = useQuery(statusQuery)
  const state = isError || fetchStatus === 'paused' ? 'away' : data === undefined ? 'asking' : 'live'
  const said = { away: 'Nobody answers', asking: 'Asking', live: 'Live' }[state]
  return (
    <span className="heartbeat" data-state={state} role="status">
      <i aria-hidden="true" />
      {said}
    </span>
  )
}

function SessionNotice() {
  const [ended, setEnded] = useState(false)
  useEffect(() => onSessionEnd(() => setEnded(true)), [])
  if (!ended) return null
  return (
    <p className="notice" role="alert">
      This session has ended. Run <code>headwater open</code> for a new one.
    </p>
  )
}
