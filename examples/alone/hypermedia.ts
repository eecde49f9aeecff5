// Typed resources over any store, and a client that knows one URL. No events, no Postgres: here a Map.
import { link, resource, serve } from '@headwater/hypermedia'
import { enter } from '@headwater/hypermedia/client'
import { z } from 'zod'

const shelf = resource('/shelves/{shelfId}', {
  state: z.object({ books: z.array(z.string()) }),
  links: { book: ({ books }) => books.map((bookId) => link('book', { bookId })) },
})
const book = resource('/books/{bookId}', {
  state: z.object({ title: z.string(), lentTo: z.string() }),
  links: { shelf: () => link('shelf', { shelfId: 'all' }) },
  actions: {
    lend: { scope: 'books:write', when: ({ lentTo }) => lentTo === '', input: z.object({ to: z.string().min(1) }) },
  },
})
const books = new Map([['b1', { title: 'Emma', lentTo: '' }]])
const library = serve([shelf, book], {
  service: 'library',
  implementation: {
    shelf: { read: async () => ({ state: { books: [...books.keys()] } }) },
    book: {
      read: async ({ bookId }) => (books.has(bookId) ? { state: books.get(bookId)! } : undefined),
      async act({ variables: { bookId }, input, answer, refusal }) {
        const state = books.get(bookId)!
        const refused = refusal(state, undefined)
        if (refused !== undefined) return answer(refused)
        books.set(bookId, { ...state, lentTo: (input as { to: string }).to })
        return answer({ kind: 'done', state: books.get(bookId)! })
      },
    },
  },
})
const caller = { subject: 'ada', scopes: ['library:read', 'books:write'] }
const fetch = async (input: string | URL | Request, init?: RequestInit) => library(new Request(input, init), { caller })
const home = enter<{ library: [typeof shelf, typeof book] }>('http://library.example/', { fetch }).service('library')
const emma = await home.follow('book', { bookId: 'b1' })
const lent = await emma.act('lend', { to: 'bob' })
console.log(lent.state.title, 'is lent to', lent.state.lentTo, '· may be lent again:', lent.offers('lend'))
