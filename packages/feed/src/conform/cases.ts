export type Requirement = 'must' | 'should' | 'may'

/** A single request to a feed, and what its answer must be; the words are those of spec/cases/server.json. */
export interface Case {
  readonly name: string
  /** Default `must`. */
  readonly level?: Requirement
  readonly method?: string
  /** Behind the feed's own path. */
  readonly path?: string
  readonly query: string
  readonly accept?: string
  readonly view?: string
  /** Only where the feed shows events at all. */
  readonly needs?: 'events'
  readonly expect: Expectation
}

export interface Expectation {
  readonly status: readonly number[]
  readonly type?: string
  readonly code?: readonly string[]
  readonly body?: 'page' | 'lines' | 'batch' | 'fork'
  readonly from?: number | string
  readonly count?: number
  readonly atEnd?: boolean
}

/** As in spec/cases/server.json; a test holds them equal. */
export const cases: readonly Case[] = [
  {
    name: 'gives a page to who asks for HAL',
    query: 'after=start&limit=2',
    accept: 'application/hal+json',
    expect: {
      status: [200],
      type: 'application/hal+json',
      body: 'page',
      from: 1,
    },
  },
  {
    name: 'gives a page to who asks for anything',
    query: '',
    accept: '*/*',
    expect: {
      status: [200],
      type: 'application/hal+json',
      body: 'page',
      from: 1,
    },
  },
  {
    name: 'gives lines with a range line at the end',
    level: 'should',
    query: 'after=0&limit=2',
    accept: 'application/x-ndjson',
    expect: {
      status: [200],
      type: 'application/x-ndjson',
      body: 'lines',
      from: 1,
    },
  },
  {
    name: 'gives a batch to http-feeds readers',
    level: 'should',
    query: '',
    accept: 'application/cloudevents-batch+json',
    expect: {
      status: [200],
      type: 'application/cloudevents-batch+json',
      body: 'batch',
    },
  },
  {
    name: 'gives an empty batch at the end',
    level: 'should',
    query: 'after=end',
    accept: 'application/cloudevents-batch+json',
    expect: {
      status: [200],
      type: 'application/cloudevents-batch+json',
      body: 'batch',
      count: 0,
    },
  },
  {
    name: 'gives server-sent events',
    level: 'may',
    query: 'after=start&limit=1',
    accept: 'text/event-stream',
    expect: {
      status: [200],
      type: 'text/event-stream',
    },
  },
  {
    name: 'gives HTML to people',
    level: 'may',
    query: 'limit=5',
    accept: 'text/html',
    expect: {
      status: [200],
      type: 'text/html',
    },
  },
  {
    name: 'goes by q where a reader likes several faces',
    query: 'limit=1',
    accept: 'text/html;q=0.1, application/hal+json',
    expect: {
      status: [200],
      type: 'application/hal+json',
      body: 'page',
    },
  },
  {
    name: 'refuses a face it does not have',
    query: '',
    accept: 'image/png',
    expect: {
      status: [406],
      code: ['HW_NOT_ACCEPTABLE'],
    },
  },
  {
    name: 'gives a cursor and no event for limit 0',
    query: 'after=end&limit=0',
    expect: {
      status: [200],
      body: 'page',
      count: 0,
      atEnd: true,
    },
  },
  {
    name: 'goes on from a cursor',
    query: 'after={cursor}&limit=1',
    expect: {
      status: [200],
      body: 'page',
      from: '{position}+1',
    },
  },
  {
    name: 'goes on from a bare position',
    query: 'after={position}&limit=1',
    expect: {
      status: [200],
      body: 'page',
      from: '{position}+1',
    },
  },
  {
    name: 'answers an empty range at the end',
    query: 'after=end',
    expect: {
      status: [200],
      body: 'page',
      count: 0,
      atEnd: true,
    },
  },
  {
    name: 'counts a limit beyond the most as the most',
    query: 'limit=999999',
    expect: {
      status: [200],
      body: 'page',
      from: 1,
    },
  },
  {
    name: 'ignores parameters it does not know',
    query: 'limit=1&colour=red',
    expect: {
      status: [200],
      body: 'page',
      from: 1,
    },
  },
  {
    name: 'covers everything with a filter that takes nothing out',
    query: 'limit=1&type=*',
    expect: {
      status: [200],
      body: 'page',
      from: 1,
    },
  },
  {
    name: 'refuses a cursor that is none',
    query: 'after=yesterday',
    expect: {
      status: [400],
      code: ['HW_CURSOR_MALFORMED'],
    },
  },
  {
    name: 'refuses a limit that is none',
    query: 'limit=many',
    expect: {
      status: [400],
      code: ['HW_PARAMETER_INVALID'],
    },
  },
  {
    name: 'refuses a time that is none',
    query: 'since=yesterday',
    expect: {
      status: [400],
      code: ['HW_PARAMETER_INVALID'],
    },
  },
  {
    name: 'refuses a type it will never show',
    query: 'type=NoSuchTypeIsEverShown',
    expect: {
      status: [400],
      code: ['HW_TYPE_NOT_SHOWN'],
    },
    view: 'published',
  },
  {
    name: "refuses a cursor with another event's id",
    query: 'after={position}.no-such-id',
    expect: {
      status: [409],
      code: ['HW_LOG_FORKED', 'HW_LOG_DIVERGED'],
      body: 'fork',
    },
    needs: 'events',
  },
  {
    name: 'refuses a cursor beyond the end',
    query: 'after={beyond}.no-such-id',
    expect: {
      status: [409],
      code: ['HW_LOG_FORKED', 'HW_LOG_DIVERGED'],
      body: 'fork',
    },
  },
  {
    name: 'refuses a bare position beyond the end',
    query: 'after={beyond}',
    expect: {
      status: [409],
      code: ['HW_LOG_FORKED', 'HW_LOG_DIVERGED'],
      body: 'fork',
    },
  },
  {
    name: 'refuses an unknown lastEventId',
    level: 'should',
    query: 'lastEventId=no-such-id',
    accept: 'application/cloudevents-batch+json',
    expect: {
      status: [409],
      code: ['HW_LOG_FORKED', 'HW_LOG_DIVERGED'],
    },
  },
  {
    name: 'refuses to be written to',
    method: 'POST',
    query: '',
    expect: {
      status: [405],
      code: ['HW_METHOD_NOT_ALLOWED'],
    },
  },
  {
    name: 'has no event beyond the end',
    path: '/{beyond}',
    query: '',
    expect: {
      status: [404],
      code: ['HW_NO_SUCH_EVENT'],
    },
  },
  {
    name: 'has no page that is not aligned',
    level: 'may',
    path: '/{edition}/2-1001',
    query: '',
    expect: {
      status: [404],
      code: ['HW_NO_SUCH_PAGE'],
    },
  },
  {
    name: 'has no page of an edition that is no more',
    level: 'may',
    path: '/0000000000000000/1-1000',
    query: '',
    expect: {
      status: [410],
      code: ['HW_EDITION_GONE'],
    },
  },
]
