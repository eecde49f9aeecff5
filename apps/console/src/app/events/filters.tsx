import { useQuery } from '@tanstack/react-query'
import { ToggleButton } from 'react-aria-components/ToggleButton'
import { change } from '../place.ts'
import { landscape } from '../reach.ts'

export interface Filters {
  readonly services: readonly string[]
  readonly types: readonly string[]
  readonly published: boolean
  /** Looked for in what a row shows. */
  readonly text: string
}

export function filtersOf(query: URLSearchParams): Filters {
  return {
    services: query.getAll('service'),
    types: query.getAll('type'),
    published: query.get('view') === 'published',
    text: query.get('q') ?? '',
  }
}

interface Catalogued {
  readonly types: readonly { readonly service: string; readonly type: string; readonly events: number }[]
}

/** What the list shows: services, a type, what is published, words. All of it stands in the address. */
export function FilterBar({ filters, all }: { readonly filters: Filters; readonly all: readonly string[] }) {
  const { data } = useQuery({
    queryKey: ['catalogue'],
    queryFn: async () => (await landscape.follow('catalogue')).state as Catalogued,
    staleTime: 30_000,
    retry: false,
  })
  const offered = (data?.types ?? []).filter(
    ({ service, events, type }) =>
      (events > 0 || filters.types.includes(type)) &&
      (filters.services.length === 0 || filters.services.includes(service)),
  )
  const types = [...new Set([...filters.types, ...offered.map(({ type }) => type)])].sort()
  const toggle = (service: string, on: boolean) => {
    const others = filters.services.filter((one) => one !== service)
    change({ service: on ? [...others, service] : others, after: undefined })
  }
  return (
    <div className="filters">
      <div role="group" aria-label="Services" className="chips">
        {all.map((service) => (
          <ToggleButton
            key={service}
            className="chip"
            isSelected={filters.services.includes(service)}
            onChange={(on) => toggle(service, on)}
          >
            {service}
          </ToggleButton>
        ))}
      </div>
      <div className="filter-fields">
        <label>
          <span className="seen-by-readers">Type</span>
          <select value={filters.types[0] ?? ''} onChange={({ target }) => change({ type: target.value })}>
            <option value="">All types</option>
            {types.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </select>
        </label>
        <label>
          <span className="seen-by-readers">Words in an event</span>
          <input
            type="search"
            placeholder="Words, a stream, a value"
            value={filters.text}
            onChange={({ target }) => change({ q: target.value })}
          />
        </label>
        <ToggleButton
          className="button"
          isSelected={filters.published}
          onChange={(on) => change({ view: on ? 'published' : undefined, after: undefined })}
        >
          Published only
        </ToggleButton>
      </div>
    </div>
  )
}

/** Whether an entry holds every word; what was passed over always shows. */
export function matches(text: string, words: string): boolean {
  const lower = text.toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word))
}
