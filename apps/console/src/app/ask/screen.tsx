import { useQuery } from '@tanstack/react-query'
import { Empty } from '../parts/empty.tsx'
import { SaidAs } from '../parts/said-as.tsx'
import { changed, go, usePlace } from '../place.ts'
import { entry, landscape, through } from '../reach.ts'
import { Answer, type Answered } from './answer.tsx'
import { Catalogue, type Catalogued } from './catalogue.tsx'
import { Question } from './question.tsx'
import './ask.css'

const examples = [
  'select type, count(*) as n from events group by type order by n desc',
  `select service, date_trunc('day', recorded_at) as day, count(*) as n from events group by all order by day, service`,
  'select * from events order by recorded_at desc limit 50',
]

/** Any question over every event kept, in SQL. */
export default function Ask() {
  const { query } = usePlace()
  const sql = query.get('sql') ?? ''
  const catalogue = useQuery({
    queryKey: ['catalogue'],
    queryFn: async () => (await landscape.follow('catalogue')).state as Catalogued,
    refetchInterval: 10_000,
    retry: false,
  })
  const answer = useQuery({
    queryKey: ['answer', sql],
    queryFn: async () => {
      const found = await landscape.follow('query', { sql })
      return { answered: found.state as Answered, url: found.url as string }
    },
    enabled: sql !== '',
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  const csv = useQuery({
    queryKey: ['csv', sql],
    queryFn: async () => (await landscape.follow('self')).href('query', { sql, format: 'csv' }) as string,
    enabled: answer.data !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const ask = (text: string) => (text === sql ? void answer.refetch() : go(changed({ sql: text })))
  if (catalogue.error !== null && catalogue.data === undefined) {
    return (
      <Empty title="There is no lake to ask" command="headwater dev">
        {catalogue.error.message}
      </Empty>
    )
  }
  return (
    <div className="ask">
      <div className="screen-main">
        <header className="screen-head">
          <div>
            <h1>Ask</h1>
            <p className="quiet">SQL over every event of every service, seconds old.</p>
          </div>
          <SaidAs
            command={`headwater query "${(sql || examples[0]!).replaceAll('"', '\\"')}"`}
            url={new URL('lake/query', entry).href}
            body={{ sql: sql || examples[0] }}
          />
        </header>
        <Question key={sql} sql={sql} busy={answer.isFetching} onAsk={ask} />
        {sql === '' && (
          <ul className="examples">
            {examples.map((example) => (
              <li key={example}>
                <button type="button" className="mono" onClick={() => ask(example)}>
                  {example}
                </button>
              </li>
            ))}
          </ul>
        )}
        {answer.error !== null && (
          <p role="alert" className="refused">
            {answer.error.message}
          </p>
        )}
        {answer.data !== undefined && (
          <Answer answered={answer.data.answered} csv={csv.data === undefined ? undefined : through(csv.data)} />
        )}
      </div>
      <Catalogue catalogue={catalogue.data} />
    </div>
  )
}
